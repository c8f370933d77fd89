/**
 * Which 32 bytes are an Ed25519 public key (RFC 8032): the canonical encoding of a point of the large prime-order
 * subgroup. OpenSSL takes any 32 bytes; a point of small order would verify signatures that nobody made, and one
 * with a small-order part lets verifiers disagree.
 *
 * Public keys only: nothing here is secret, so nothing here runs in constant time.
 */
const P = 2n ** 255n - 19n;
/** The order of the subgroup. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (a: bigint): bigint => ((a % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P)
    if (e & 1n) result = (result * b) % P;
  return result;
}

const inverse = (a: bigint): bigint => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n);

/** Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. */
interface Point {
  X: bigint;
  Y: bigint;
  Z: bigint;
  T: bigint;
}
const IDENTITY: Point = { X: 0n, Y: 1n, Z: 1n, T: 0n };

/** RFC 8032 §5.1.4, which is complete on this curve. */
function add(p: Point, q: Point): Point {
  const a = mod((p.Y - p.X) * (q.Y - q.X));
  const b = mod((p.Y + p.X) * (q.Y + q.X));
  const c = mod(2n * D * p.T * q.T);
  const d = mod(2n * p.Z * q.Z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { X: mod(e * f), Y: mod(g * h), Z: mod(f * g), T: mod(e * h) };
}

function times(scalar: bigint, point: Point): Point {
  let result = IDENTITY;
  for (let p = point, k = scalar; k > 0n; k >>= 1n, p = add(p, p)) if (k & 1n) result = add(result, p);
  return result;
}

const isIdentity = (p: Point): boolean => p.X === 0n && mod(p.Y - p.Z) === 0n;

/** RFC 8032 §5.1.3; undefined for what is not the canonical encoding of a point. */
function decode(raw: Uint8Array): Point | undefined {
  const bytes = Buffer.from(raw).reverse();
  const sign = BigInt(bytes[0]! >> 7);
  bytes[0] = bytes[0]! & 0x7f;
  const y = BigInt(`0x${bytes.toString("hex")}`);
  if (y >= P) return undefined;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  const check = mod(v * x * x);
  if (check === mod(-u)) x = mod(x * SQRT_MINUS_1);
  else if (check !== u) return undefined;
  if (x === 0n && sign === 1n) return undefined;
  if ((x & 1n) !== sign) x = P - x;
  return { X: x, Y: y, Z: 1n, T: mod(x * y) };
}

export function isEd25519PublicKey(raw: Uint8Array): boolean {
  if (raw.length !== 32) return false;
  const point = decode(raw);
  return point !== undefined && !isIdentity(point) && isIdentity(times(L, point));
}
