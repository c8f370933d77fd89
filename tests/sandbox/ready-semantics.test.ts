/**
 * A program cannot tell, by anything that programs are written for, whether its container waited for it: each runs
 * once after a cold start and once in a ready container, and everything that comes out is equal.
 */
import { comparison } from "./ready-programs.js";

comparison("quick");
