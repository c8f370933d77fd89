/** What of an error may be logged in this room: the one rule of the whole node. */
export { type Trace, traceOf } from "../vocabulary/index.js";
