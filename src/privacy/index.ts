/** The room of mechanisms: data in, data out. Nothing here opens a file, a socket, a database or a clock. */
export * from "./disclosure/index.js";
export * from "./dp/index.js";
export * from "./expression/index.js";
export * from "./he/index.js";
