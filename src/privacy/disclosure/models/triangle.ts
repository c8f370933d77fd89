/**
 * The triangular factor R of a tall matrix, row by row, in memory for a few hundred rows: what least squares, weighted
 * or not, is solved from. The matrix itself is never held.
 *
 * Householder reflections over R stacked on a block of new rows (Golub and Van Loan, Matrix Computations, 5.1 and 12.5),
 * so the condition of the matrix is met once, not squared as in X'X. Rows come in one order and give the same bits.
 */

const BLOCK = 256;

/** A column of which less than this is left when the columns before it are taken out is a combination of them. */
export const COLLINEAR = 1e-8;

export class Triangle {
  /** Row by row; below the diagonal zeros. */
  readonly r: Float64Array;
  private readonly squares: Float64Array;
  private readonly block: Float64Array;
  private held = 0;

  constructor(readonly size: number) {
    this.r = new Float64Array(size * size);
    this.squares = new Float64Array(size);
    this.block = new Float64Array(size * BLOCK);
  }

  /** @param scale what the row is multiplied by */
  add(row: Float64Array, scale = 1): void {
    const { size, block, squares } = this;
    const at = this.held++;
    for (let j = 0; j < size; j++) {
      const value = row[j]! * scale;
      block[j * BLOCK + at] = value;
      squares[j]! += value * value;
    }
    if (this.held === BLOCK) this.fold();
  }

  /** To be called after the last row. */
  fold(): void {
    const { size, r, block, held } = this;
    for (let j = 0; j < size; j++) {
      const column = j * BLOCK;
      let below = 0;
      for (let i = 0; i < held; i++) below += block[column + i]! ** 2;
      if (below === 0) continue;
      const corner = r[j * size + j]!;
      const length = Math.sqrt(corner * corner + below);
      const lead = corner <= 0 ? corner - length : -below / (corner + length);
      const scale = (2 * lead * lead) / (below + lead * lead);
      r[j * size + j] = length;
      for (let i = 0; i < held; i++) block[column + i]! /= lead;
      for (let k = j + 1; k < size; k++) this.reflect(j, k, scale);
    }
    this.held = 0;
  }

  private reflect(j: number, k: number, scale: number): void {
    const { size, r, block, held } = this;
    const [by, on] = [j * BLOCK, k * BLOCK];
    let along = r[j * size + k]!;
    for (let i = 0; i < held; i++) along += block[by + i]! * block[on + i]!;
    along *= scale;
    r[j * size + k]! -= along;
    for (let i = 0; i < held; i++) block[on + i]! -= along * block[by + i]!;
  }

  /** The first of the leading columns that is a combination of those before it. */
  collinear(columns: number): number | undefined {
    for (let j = 0; j < columns; j++) {
      const left = this.r[j * this.size + j]!;
      if (!(left > COLLINEAR * Math.sqrt(this.squares[j]!))) return j;
    }
    return undefined;
  }

  /** x of R x = b, over the leading columns; where `b` is left out it is the column after them. */
  solve(columns: number, b?: Float64Array): Float64Array {
    const { size, r } = this;
    const x = new Float64Array(columns);
    for (let i = 0; i < columns; i++) x[i] = b ? b[i]! : r[i * size + columns]!;
    for (let i = columns - 1; i >= 0; i--) {
      for (let k = i + 1; k < columns; k++) x[i]! -= r[i * size + k]! * x[k]!;
      x[i]! /= r[i * size + i]!;
    }
    return x;
  }

  /** u of R' u = b, written over `b`. */
  solveTransposed(columns: number, b: Float64Array): void {
    const { size, r } = this;
    for (let i = 0; i < columns; i++) {
      let value = b[i]!;
      for (let k = 0; k < i; k++) value -= r[k * size + i]! * b[k]!;
      b[i] = value / r[i * size + i]!;
    }
  }

  /** Diagonal of the inverse of R'R. */
  inverseDiagonal(columns: number): Float64Array {
    const diagonal = new Float64Array(columns);
    for (let j = 0; j < columns; j++) {
      const unit = new Float64Array(columns);
      unit[j] = 1;
      this.solveTransposed(columns, unit);
      for (const u of unit) diagonal[j]! += u * u;
    }
    return diagonal;
  }
}
