/** One configuration for all suites: ESM TypeScript through swc, real parts, no fake timers. */

// Nodes of tests keep no containers waiting, unless a test says so: they would compete with what it looks at.
process.env.GLOVEBOX_READY ??= "0";

export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "es6" } },
    ],
  },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/dist"],
  testTimeout: 120000,
};
