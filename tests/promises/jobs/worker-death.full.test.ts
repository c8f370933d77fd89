/** A worker is killed at every step of a run. */
import { workerDies } from "./worker-dies.js";

workerDies();
