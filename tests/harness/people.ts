/** Principals as test clients: a name, a token, and for reviewers a signing key that the node never sees. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import canonicalize from "canonicalize";
import { type Answer, call, type Json, type Sent } from "./http.js";

export class Person {
  private constructor(
    readonly url: string,
    readonly name: string,
    readonly id: string,
    readonly token: string,
    private readonly key?: KeyObject,
  ) {}

  static admin(url: string, token: string): Person {
    return new Person(url, "admin", "", token);
  }

  /** Adds a principal as the admin; one with the role auditor also makes and registers a signing key. */
  static async add(admin: Person, name: string, roles: string[]): Promise<Person> {
    const made = await admin.must("POST", "/api/v1/principals", { name, roles });
    if (!roles.includes("auditor")) return new Person(admin.url, name, made.id, made.token);
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const person = new Person(admin.url, name, made.id, made.token, privateKey);
    const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    await person.must("PUT", "/api/v1/me/key", { public_key: raw.toString("base64") });
    return person;
  }

  /** The same person at a node that was started again on another port. */
  at(url: string): Person {
    return new Person(url, this.name, this.id, this.token, this.key);
  }

  http(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    return call(this.url, method, path, { ...sent, token: this.token });
  }

  /** A call that the test takes for granted: throws, with the answer, unless it succeeded. */
  async must(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Json> {
    const answer = await this.http(method, path, { body, headers });
    if (answer.status >= 300) {
      throw new Error(
        `${this.name}: ${method} ${path} answered ${answer.status} ${answer.text.slice(0, 1000)}`,
      );
    }
    return answer.json;
  }

  /** Base64 Ed25519 signature over the RFC 8785 JSON of a statement. */
  sign(statement: Json): string {
    const text = canonicalize(statement);
    if (!this.key || text === undefined) throw new Error(`${this.name} has no signing key`);
    return sign(null, Buffer.from(text), this.key).toString("base64");
  }
}
