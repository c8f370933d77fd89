/**
 * A node with planted data, the people around it, the jobs that shout, and everything that is said meanwhile: each
 * line of the log, each event of each stream, each command that Redis got.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Redis } from "ioredis";
import { dockerCall } from "../../../scripts/setup/docker-http.mjs";
import {
  descendants,
  type Json,
  Person,
  type RunningNode,
  requestRelease,
  sharedEngine,
  startNode,
  submitJob,
  type TempDir,
  tempDir,
  Witness,
} from "../../harness/index.js";
import { CLEAN, COLUMNS, CSV, DATASET, job, PROGRAMS } from "./data.js";
import type { Caller, Subjects } from "./routes.js";
import { collected, database, folder, grown, processes, redisKeys } from "./surfaces.js";
import type { Surface } from "./sweep.js";

const UNFINISHED = "unfinished";
const MONTH_MS = 30 * 86_400_000;

export class PlantedNode {
  readonly place: TempDir = tempDir("canary");
  node!: RunningNode;
  seen!: Witness;
  readonly people: Record<string, Person> = {};
  readonly jobs: Record<string, string> = {};
  readonly releases: string[] = [];
  grants: string[] = [];
  readonly uploads: string[] = [];
  private redis!: Redis;
  private asking!: Redis;
  private monitor!: Redis;
  private readonly commands: string[] = [];
  private readonly events: [string, Buffer][] = [];
  private readonly streams = new AbortController();
  private engineLog!: Surface;
  socketPath!: string;

  static async start(): Promise<PlantedNode> {
    const planted = new PlantedNode();
    await planted.begin();
    return planted;
  }

  private async begin(): Promise<void> {
    this.socketPath = (await sharedEngine()).socketPath;
    this.engineLog = grown("dockerd's log", join(dirname(this.socketPath), "dockerd.log"));
    this.node = await startNode({
      dataDir: join(this.place.path, "data"),
      workers: 2,
      cwd: this.place.path,
      env: { TMPDIR: this.place.path, XDG_CONFIG_HOME: join(this.place.path, "config") },
      args: ["--log-level", "trace"],
      // A crash would leave its core here if nothing of the node's own forbade it.
      under: ["prlimit", "--core=unlimited", "--"],
    });
    this.seen = new Witness(this.node.dataDir);
    const path = join(this.node.dataDir, "redis", "redis.sock");
    this.redis = new Redis({ path });
    this.asking = new Redis({ path });
    this.monitor = await this.asking.monitor();
    this.monitor.on("monitor", (_time: string, args: string[]) => {
      if (this.commands.length < 1_000_000) this.commands.push(args.join(" "));
    });
    await this.populate();
  }

  private async populate(): Promise<void> {
    const { people } = this;
    const admin = Person.admin(this.node.url, this.node.adminToken);
    people.admin = admin;
    const roles: [string, string[]][] = [
      ["owner", ["owner"]],
      ["researcher", ["researcher"]],
      ["stranger", ["researcher"]],
      ["operator", ["operator"]],
      ["first", ["auditor"]],
      ["second", ["auditor"]],
      ["foreign", ["auditor"]],
      ["another", ["owner"]],
    ];
    for (const [name, has] of roles) people[name] = await Person.add(admin, name, has);
    const owner = this.person("owner");
    await owner.must("POST", "/api/v1/datasets", {
      name: DATASET,
      unit_column: "person",
      auditors: ["first", "second"],
      columns: COLUMNS,
    });
    await owner.must("PUT", `/api/v1/datasets/${DATASET}/content`, CSV, { "content-type": "text/csv" });
    await owner.must("POST", `/api/v1/datasets/${DATASET}/assess`, {});
    await owner.must("POST", `/api/v1/datasets/${DATASET}/publish`, {});
    for (const principal of ["researcher", "operator"]) this.grants.push(await this.grant(principal));
    await this.sendInPart();
  }

  /** Content that was sent in part: it waits, encrypted, for the rest. */
  private async sendInPart(): Promise<void> {
    const owner = this.person("owner");
    await owner.must("POST", "/api/v1/datasets", {
      name: UNFINISHED,
      unit_column: "person",
      columns: COLUMNS,
    });
    const tus = { "tus-resumable": "1.0.0" };
    const begun = await owner.http("POST", `/api/v1/datasets/${UNFINISHED}/uploads`, {
      headers: { ...tus, "upload-length": String(CSV.length) },
    });
    const path = begun.headers.get("location");
    if (begun.status !== 201 || path === null) throw new Error(`no upload: ${begun.status} ${begun.text}`);
    this.uploads.push(path.split("/").at(-1)!);
    const sent = await owner.http("PATCH", new URL(path, this.node.url).pathname, {
      body: CSV.subarray(0, CSV.length - 10),
      headers: { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream" },
    });
    if (sent.status !== 204) throw new Error(`no part was taken: ${sent.status} ${sent.text}`);
  }

  private async grant(principal: string): Promise<string> {
    const expires_at = new Date(Date.now() + MONTH_MS).toISOString();
    const terms = { principal, dataset: DATASET, purpose: "a study", access: "sandbox", expires_at };
    return (await this.person("owner").must("POST", "/api/v1/grants", terms)).id;
  }

  person(name: string): Person {
    const found = this.people[name];
    if (!found) throw new Error(`nobody is called ${name}`);
    return found;
  }

  get callers(): Caller[] {
    return [{ name: "nobody" }, ...Object.entries(this.people).map(([name, person]) => ({ name, person }))];
  }

  subjects(files: readonly string[], guess: string, which: RegExp): Subjects {
    const output = this.seen.rows<{ id: string }>("SELECT id FROM outputs LIMIT 1")[0]?.id ?? "out_none";
    const { jobs, releases, grants, uploads } = this;
    return {
      datasets: [DATASET, UNFINISHED],
      jobs: Object.entries(jobs).flatMap(([name, id]) => (which.test(name) ? [id] : [])),
      releases,
      grants,
      uploads,
      files,
      output,
      guess,
    };
  }

  /** Submits a job and listens, as everybody, to all that is said of it. */
  async submit(name: string, who: string, spec: Json): Promise<string> {
    const id = await submitJob(this.person(who), spec);
    this.jobs[name] = id;
    for (const [listener, person] of Object.entries(this.people))
      void this.listen(`${listener} on ${name}`, person, id);
    return id;
  }

  private async listen(what: string, person: Person, id: string): Promise<void> {
    const headers = { authorization: `Bearer ${person.token}` };
    try {
      const path = `${this.node.url}/api/v1/jobs/${id}/events`;
      const response = await fetch(path, { headers, signal: this.streams.signal });
      for await (const chunk of response.body ?? []) this.events.push([what, Buffer.from(chunk)]);
    } catch {
      // It was ended with the node.
    }
  }

  /** One job of each program, ended; two releases asked for: one with the values in it, one without. */
  async shoutAll(): Promise<void> {
    const { linger: _, ...ending } = PROGRAMS;
    for (const [name, program] of Object.entries(ending)) await this.submit(name, "researcher", job(program));
    await this.submit("rehearsed", "stranger", job(PROGRAMS.shout, { mode: "dry_run" })).catch(
      () => undefined,
    );
    await this.submit("operated", "operator", job(PROGRAMS.shout));
    await this.submit("clean", "researcher", job(CLEAN, { outputs: ["values.csv"] }));
  }

  over = (name: string): boolean =>
    !["queued", "running", "checking"].includes(this.seen.jobState(this.jobs[name]!));

  async request(name: string, who: string, files: string[]): Promise<string> {
    const release = await requestRelease(this.person(who), this.jobs[name]!, files);
    this.releases.push(release);
    return release;
  }

  /** The container of a running job. */
  async containerOf(name: string): Promise<string> {
    const runs = this.seen.runs(this.jobs[name]!).map(({ id }) => id);
    const all = JSON.parse(await dockerCall(this.socketPath, "GET", "/containers/json?all=1")) as {
      Id: string;
      Labels: Record<string, string>;
    }[];
    const found = all.find(({ Labels }) => Object.values(Labels).some((label) => runs.includes(label)));
    if (!found) throw new Error(`${name} has no container`);
    return found.Id;
  }

  /** Control, workers, Redis, engines and checkers. */
  pids = (): number[] => descendants(this.node.pid);

  /** All that lies around or was said; each surface is read when it is swept. */
  surfaces(): Surface[] {
    const { dataDir } = this.node;
    return [
      folder("the data directory", dataDir),
      folder("temporary and working folder", this.place.path, /^data(\/|$)/),
      database("the database", join(dataDir, "glovebox.db")),
      redisKeys("Redis", this.redis),
      collected("commands to Redis", () => [["monitor", this.commands.join("\n")]]),
      collected("the log", () => [["stderr", this.node.stderr()]]),
      collected("events", () => this.events),
      processes("processes", this.pids),
      this.engineLog,
    ];
  }

  async end(): Promise<void> {
    this.streams.abort();
    this.monitor?.disconnect();
    this.asking?.disconnect();
    this.redis?.disconnect();
    this.seen?.close();
    await this.node?.destroy();
    if (existsSync(this.place.path)) this.place.remove();
  }
}
