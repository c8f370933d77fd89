import { attacksSuite } from "./attacks-suite.js";

attacksSuite(200_000);
