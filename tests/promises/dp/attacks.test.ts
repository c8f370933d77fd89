/** A quick version of each attack; `npm run test:attacks` takes the full number of trials. */
import { attacksSuite } from "./attacks-suite.js";

attacksSuite(4000);
