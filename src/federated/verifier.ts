/** The offline verifier of release bundles, those of results over several domains among them. Needs no server and no network. */
export { collaborationChapter, verifyRelease } from "./results/verify.js";
