/** What a Piscina user writes by hand: a worker file with functions for whole chunks. */
export const next = (chunk) => chunk.map((x) => x + 1);
export const nextOne = (x) => x + 1;

export const spun = (chunk) => chunk.map(spin);
function spin(rounds) {
  let state = rounds | 1;
  for (let i = 0; i < rounds; i++) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}

export const sums = ({ shared, width, rows }) => {
  const matrix = new Float32Array(shared);
  return rows.map((row) => {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i++) sum += matrix[i];
    return sum;
  });
};
