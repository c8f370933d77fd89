import { comparison } from "./ready-programs.js";

comparison("others");
