/** One node through all its deaths. */
import { deaths } from "./deaths.js";

deaths("all");
