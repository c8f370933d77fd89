/** What `doctor` says of the isolation levels: whether runs work at each, why not, and how to get it. */
import type { LevelOffer } from "../node.js";
import { GRADES, type Grade, ISOLATION_LEVELS, type IsolationLevel } from "../vocabulary/index.js";
import type { Check } from "./doctor.js";

const nameOf = (level: IsolationLevel): string => `level ${level}`;
const isLevel = (name: string): boolean => ISOLATION_LEVELS.some((level) => level === name);

/** The grades whose data run at the level and at no weaker one. */
function gradesThatBegin(level: IsolationLevel): Grade[] {
  const grades = Object.keys(GRADES).map((grade) => Number(grade) as Grade);
  return grades.filter((grade) => GRADES[grade].isolation[0] === level);
}

function withoutIt(level: IsolationLevel): string {
  const grades = gradesThatBegin(level);
  const refused = "jobs that ask for it, and for no stronger one, are refused (isolation_unavailable)";
  return grades.length === 0
    ? refused
    : `data of grade ${grades.join(", ")} need it or a stronger one; ${refused}`;
}

/** What set-up found missing comes first: it says how to get it. Then what the trial found. */
export function levelCheck(offer: LevelOffer, setUp: Check | undefined): Check {
  const { level } = offer;
  const common = { name: nameOf(level), needed: false };
  if (offer.available) {
    const remark = offer.remark === undefined ? "" : `; ${offer.remark}`;
    return {
      ...common,
      ok: true,
      detail: `a run of nothing took ${offer.startMs} ms when it was tried${remark}`,
    };
  }
  const without = withoutIt(level);
  if (setUp && !setUp.ok) return { ...common, ok: false, detail: setUp.detail, fix: setUp.fix, without };
  return { ...common, ok: false, detail: offer.why, fix: offer.get, without };
}

/** The machine's checks, with one for each level instead of what set-up says of it. */
export async function withLevels(checks: readonly Check[]): Promise<Check[]> {
  const others = checks.filter(({ name }) => !isLevel(name));
  const { machineLevels } = await import("../node.js");
  const offers = await machineLevels().catch((): LevelOffer[] =>
    ISOLATION_LEVELS.map((level) => ({
      level,
      available: false,
      why: "this user cannot try it: runs need root's mounts",
      get: "run doctor as the user that runs the node or the worker",
    })),
  );
  return [
    ...others,
    ...offers.map((offer) =>
      levelCheck(
        offer,
        checks.find(({ name }) => name === offer.level),
      ),
    ),
  ];
}
