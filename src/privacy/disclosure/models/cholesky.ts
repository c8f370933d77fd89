/** Solving with a small positive definite matrix, kept row by row. */

/** Lower factor of A; undefined where A is not positive definite. */
export function cholesky(a: Float64Array, size: number): Float64Array | undefined {
  const l = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let value = a[i * size + j]!;
      for (let k = 0; k < j; k++) value -= l[i * size + k]! * l[j * size + k]!;
      if (i !== j) l[i * size + j] = value / l[j * size + j]!;
      else if (value > 0) l[i * size + i] = Math.sqrt(value);
      else return undefined;
    }
  }
  return l;
}

/** y of L y = b. */
function forward(l: Float64Array, size: number, b: Float64Array): Float64Array {
  const y = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) y[i]! -= l[i * size + k]! * y[k]!;
    y[i]! /= l[i * size + i]!;
  }
  return y;
}

export function solve(l: Float64Array, size: number, b: Float64Array): Float64Array {
  const x = forward(l, size, b);
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= l[k * size + i]! * x[k]!;
    x[i]! /= l[i * size + i]!;
  }
  return x;
}

export function inverseDiagonal(l: Float64Array, size: number): Float64Array {
  return new Float64Array(size).map((_, j) => {
    const unit = new Float64Array(size);
    unit[j] = 1;
    return forward(l, size, unit).reduce((sum, y) => sum + y * y, 0);
  });
}
