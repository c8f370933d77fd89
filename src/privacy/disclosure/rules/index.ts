/** The table of rules, in the order in which an auditor reads them; the docs page is generated from it. */
import { missing, notKept, unchecked } from "./absent.js";
import { capacity } from "./capacity.js";
import { claimed } from "./claimed.js";
import { classDisclosure } from "./class-disclosure.js";
import { composed, contributors } from "./contributors.js";
import type { RuleDefinition } from "./definition.js";
import { degreesOfFreedom } from "./degrees-of-freedom.js";
import { differencing } from "./differencing.js";
import { differs } from "./differs.js";
import { dominance } from "./dominance.js";
import { eventsPerParameter } from "./events-per-parameter.js";
import { formula } from "./formula.js";
import { hiddenContent } from "./hidden-content.js";
import { invisibleText } from "./invisible-text.js";
import { checkerLimit, limits } from "./limits.js";
import { magnitude } from "./magnitude.js";
import { markup } from "./markup.js";
import { mediaType } from "./media-type.js";
import { mixedScripts } from "./mixed-scripts.js";
import { modelCompared } from "./model-compared.js";
import { modelFit } from "./model-fit.js";
import { modelInfluence } from "./model-influence.js";
import { modelLevels } from "./model-levels.js";
import { negatives } from "./negatives.js";
import { noCounts } from "./no-counts.js";
import { noEstimate } from "./no-estimate.js";
import { noise } from "./noise.js";
import { notRecomputed } from "./not-recomputed.js";
import { pRatio } from "./p-ratio.js";
import { protection } from "./protection.js";
import { rawValues } from "./raw-values.js";
import { recomputed } from "./recomputed.js";
import { rounding } from "./rounding.js";
import { sameValue } from "./same-value.js";
import { saturatedModel } from "./saturated-model.js";
import { singleValue } from "./single-value.js";
import { survivalSteps } from "./survival-steps.js";
import { threshold } from "./threshold.js";
import { unreadable } from "./unreadable.js";
import { unverified } from "./unverified.js";
import { zeros } from "./zeros.js";

export const RULES: readonly RuleDefinition[] = [
  missing,
  notKept,
  unchecked,
  mediaType,
  unreadable,
  limits,
  checkerLimit,
  hiddenContent,
  rawValues,
  threshold,
  contributors,
  dominance,
  pRatio,
  singleValue,
  classDisclosure,
  sameValue,
  zeros,
  negatives,
  composed,
  magnitude,
  protection,
  differencing,
  noEstimate,
  degreesOfFreedom,
  saturatedModel,
  eventsPerParameter,
  modelLevels,
  modelInfluence,
  modelFit,
  survivalSteps,
  modelCompared,
  noCounts,
  formula,
  invisibleText,
  mixedScripts,
  markup,
  recomputed,
  noise,
  capacity,
  claimed,
  differs,
  notRecomputed,
  unverified,
  rounding,
];

export type { RuleDefinition } from "./definition.js";
