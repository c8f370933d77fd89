/** Reads the modules of src with a real parser and holds them against the tables of rooms.mjs. */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseSync } from "@swc/core";
import { filesBelow } from "../setup/digest.mjs";
import { EFFECTFUL_PACKAGES, importProblem, NAMELESS, PURE_NAMES, roomOf } from "./rooms.mjs";

/**
 * @typedef {object} Module
 * @property {{ specifier: string, typeOnly: boolean }[]} imports
 * @property {string[]} impurities  uses of clock, randomness or the process
 */
/** @typedef {{ file: string, message: string }} Violation */
/**
 * What is read here of a node of swc's tree.
 * @typedef {object} Node
 * @property {string} [type]
 * @property {string} [value]
 * @property {Node} [source]
 * @property {boolean} [typeOnly]
 * @property {{ isTypeOnly?: boolean }[]} [specifiers]
 * @property {Node} [callee]
 * @property {Node} [object]
 * @property {Node} [property]
 * @property {{ expression?: Node }[]} [arguments]
 */

/** Every violation in a source tree. @param {string} src @returns {Violation[]} */
export function lintTree(src) {
  /** @type {Map<string, Module>} */
  const modules = new Map();
  /** @type {Violation[]} */
  const unreadable = [];
  for (const file of filesBelow(src).filter((name) => name.endsWith(".ts"))) {
    try {
      modules.set(file, parseModule(readFileSync(join(src, file), "utf8")));
    } catch {
      unreadable.push({ file, message: "swc cannot parse it" });
    }
  }
  const violations = [...modules.keys()].flatMap((file) => {
    const messages = [
      ...nameProblems(file),
      ...importProblems(file, modules, src),
      ...purityProblems(file, modules),
    ];
    return messages.map((message) => ({ file, message }));
  });
  return [...unreadable, ...violations];
}

/** @param {string} file */
function nameProblems(file) {
  const folders = file.split("/").slice(0, -1);
  return folders.filter((name) => NAMELESS.has(name)).map((name) => `the folder name ${name} says nothing`);
}

/**
 * @param {string} file
 * @param {Map<string, Module>} modules
 * @param {string} src
 */
function importProblems(file, modules, src) {
  /** @type {string[]} */
  const problems = [];
  for (const { specifier } of modules.get(file)?.imports ?? []) {
    if (!specifier.startsWith(".")) continue;
    const target = resolve(file, specifier);
    if (target.startsWith("..")) problems.push(`${specifier} is outside src`);
    else if (!modules.has(target) && !existsSync(join(src, target)))
      problems.push(`${specifier} does not exist`);
    else {
      const problem = importProblem(file, target);
      if (problem) problems.push(`${problem} (${specifier})`);
    }
  }
  return problems;
}

/**
 * A pure module, and what of its room it runs, uses no clock, randomness, process, and nothing that reaches outside.
 * @param {string} file
 * @param {Map<string, Module>} modules
 */
function purityProblems(file, modules) {
  if (!PURE_NAMES.has(posix.basename(file))) return [];
  /** @type {string[]} */
  const problems = [];
  const seen = new Set([file]);
  for (const current of seen) {
    const module = modules.get(current);
    const via = current === file ? "" : ` by way of ${current}`;
    for (const use of module?.impurities ?? []) problems.push(`a pure module may not use ${use}${via}`);
    for (const { specifier, typeOnly } of module?.imports ?? []) {
      if (typeOnly) continue;
      if (specifier.startsWith("node:") || EFFECTFUL_PACKAGES.has(specifier)) {
        problems.push(`a pure module may not import ${specifier}${via}`);
      }
      const target = specifier.startsWith(".") ? resolve(current, specifier) : undefined;
      if (target !== undefined && roomOf(target) === roomOf(file)) seen.add(target);
    }
  }
  return problems;
}

/** File below src that a relative specifier means. @param {string} file @param {string} specifier */
function resolve(file, specifier) {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");
}

/** Imports and impurities of one module's text. @param {string} text @returns {Module} */
export function parseModule(text) {
  const tree = parseSync(text, { syntax: "typescript", target: "es2022" });
  /** @type {Module} */
  const module = { imports: [], impurities: [] };
  visit(tree, module);
  return module;
}

/** @param {unknown} node @param {Module} module */
function visit(node, module) {
  if (Array.isArray(node)) {
    for (const part of node) visit(part, module);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  record(node, module);
  for (const child of Object.values(node)) visit(child, module);
}

/** @param {Node} node @param {Module} module */
function record(node, module) {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      if (node.source?.value)
        module.imports.push({ specifier: node.source.value, typeOnly: isTypeOnly(node) });
      break;
    case "CallExpression":
      if (node.callee?.type === "Import") {
        module.imports.push({ specifier: String(node.arguments?.[0]?.expression?.value), typeOnly: false });
      }
      break;
    case "MemberExpression": {
      const use = `${node.object?.value}.${node.property?.value}`;
      const known = use === "Date.now" || use === "Math.random" || use.startsWith("process.");
      if (known) module.impurities.push(use);
      break;
    }
    case "NewExpression":
      if (node.callee?.value === "Date" && !node.arguments?.length) module.impurities.push("new Date()");
      break;
  }
}

/** @param {Node} node */
function isTypeOnly(node) {
  if (node.typeOnly) return true;
  const parts = node.specifiers ?? [];
  return parts.length > 0 && parts.every((part) => part.isTypeOnly === true);
}
