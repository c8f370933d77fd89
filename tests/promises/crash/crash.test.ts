/** One node through deaths at moments that lie far apart; through all of them in the full run. */
import { deaths } from "./deaths.js";

deaths("few");
