/** A sparse matrix by rows: for each row the columns that are not zero, and their values. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/** How many vectors more than asked for are followed: they catch what the last ones would miss. */
const OVERSAMPLING = 16;
const POWER_ITERATIONS = 2;

/**
 * The first right singular vectors of a sparse matrix, by a randomized truncated SVD (Halko, Martinsson and Tropp 2011). The random
 * numbers have a fixed seed, and sums a fixed order: the same matrix gives the same vectors.
 *
 * @param rank the number of vectors, at most the number of rows.
 * @returns for each column its coordinates along the vectors, in descending order of their singular values: columns x rank.
 */
export function rightSingularVectors(rows: readonly SparseRow[], columns: number, rank: number): Float64Array {
  const width = Math.min(rank + OVERSAMPLING, rows.length);
  // Q spans what the matrix does with random vectors; each iteration turns it towards the largest singular values.
  let q = orthonormalise(project(rows, gaussians(columns * width), width), rows.length, width);
  for (let i = 0; i < POWER_ITERATIONS; i++) {
    q = orthonormalise(project(rows, projectBack(rows, q, columns, width), width), rows.length, width);
  }
  // Bᵀ = Aᵀ Q is small enough for an exact answer: the eigenvectors of B Bᵀ.
  const bt = projectBack(rows, q, columns, width);
  const { values, vectors } = symmetricEigen(gram(bt, columns, width), width);
  const order = Array.from(values.keys())
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, rank);
  const v = new Float64Array(columns * rank);
  for (const [to, from] of order.entries()) {
    const scale = 1 / Math.sqrt(Math.max(values[from]!, Number.EPSILON));
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += bt[column * width + i]! * vectors[i * width + from]!;
      v[column * rank + to] = sum * scale;
    }
  }
  return v;
}

/** A times a matrix of columns x width. */
function project(rows: readonly SparseRow[], matrix: Float64Array, width: number): Float64Array {
  const out = new Float64Array(rows.length * width);
  for (const [row, { columns, values }] of rows.entries()) {
    for (let at = 0; at < columns.length; at++) {
      const from = columns[at]! * width;
      const value = values[at]!;
      for (let i = 0; i < width; i++) out[row * width + i]! += value * matrix[from + i]!;
    }
  }
  return out;
}

/** Aᵀ times a matrix of rows x width. */
function projectBack(rows: readonly SparseRow[], matrix: Float64Array, columns: number, width: number): Float64Array {
  const out = new Float64Array(columns * width);
  for (const [row, { columns: at, values }] of rows.entries()) {
    for (let j = 0; j < at.length; j++) {
      const to = at[j]! * width;
      const value = values[j]!;
      for (let i = 0; i < width; i++) out[to + i]! += value * matrix[row * width + i]!;
    }
  }
  return out;
}

/** Gram-Schmidt, twice for each column, in place. A column that depends on those before it becomes zero. */
function orthonormalise(matrix: Float64Array, height: number, width: number): Float64Array {
  // Column by column in memory: each is read many times.
  const columns = Array.from({ length: width }, (_, i) => {
    const column = new Float64Array(height);
    for (let row = 0; row < height; row++) column[row] = matrix[row * width + i]!;
    return column;
  });
  for (const [i, column] of columns.entries()) {
    const before = Math.sqrt(dot(column, column));
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = columns[j]!;
        const product = dot(column, other);
        for (let row = 0; row < height; row++) column[row]! -= product * other[row]!;
      }
    }
    const norm = Math.sqrt(dot(column, column));
    const scale = norm > 1e-10 * before ? 1 / norm : 0;
    for (let row = 0; row < height; row++) matrix[row * width + i] = column[row]! *= scale;
  }
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Mᵀ M, for M of height x width. */
function gram(matrix: Float64Array, height: number, width: number): Float64Array {
  const out = new Float64Array(width * width);
  for (let row = 0; row < height; row++) {
    const from = row * width;
    for (let i = 0; i < width; i++) {
      const value = matrix[from + i]!;
      if (value === 0) continue;
      for (let j = 0; j <= i; j++) out[i * width + j]! += value * matrix[from + j]!;
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) out[j * width + i] = out[i * width + j]!;
  return out;
}

/** The eigenvalues and eigenvectors (in columns) of a symmetric matrix, by Jacobi rotations (Golub and Van Loan, 8.5). */
function symmetricEigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const scale = Math.sqrt(dot(a, a)) || 1;
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q]! ** 2;
    if (Math.sqrt(off) <= 1e-12 * scale) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q]!;
        if (Math.abs(apq) <= 1e-300) continue;
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [akp, akq] = [a[k * n + p]!, a[k * n + q]!];
          a[k * n + p] = c * akp - s * akq;
          a[k * n + q] = s * akp + c * akq;
        }
        for (let k = 0; k < n; k++) {
          const [apk, aqk] = [a[p * n + k]!, a[q * n + k]!];
          a[p * n + k] = c * apk - s * aqk;
          a[q * n + k] = s * apk + c * aqk;
        }
        for (let k = 0; k < n; k++) {
          const [vkp, vkq] = [vectors[k * n + p]!, vectors[k * n + q]!];
          vectors[k * n + p] = c * vkp - s * vkq;
          vectors[k * n + q] = s * vkp + c * vkq;
        }
      }
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors };
}

/**
 * Numbers that are nearly normally distributed: sums of uniform ones from a generator with a fixed seed (mulberry32). Only additions
 * and multiplications, whose results are the same on every machine.
 */
function gaussians(count: number): Float64Array {
  let state = 0x9e3779b9;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float64Array.from({ length: count }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum;
  });
}
