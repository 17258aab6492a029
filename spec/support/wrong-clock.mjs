// Loaded before a program: its clock is wrong by as many milliseconds as WRONG_CLOCK_MS says.
const real = Date.now;
const wrongMs = Number(process.env.WRONG_CLOCK_MS ?? 0);
Date.now = () => real() + wrongMs;
