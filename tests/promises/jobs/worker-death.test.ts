/** A worker is killed at steps of a run that lie far apart; at all of them in the full run. */
import { workerDies } from "./worker-dies.js";

workerDies(["staging", "executing", "uploading", "finished"]);
