// C's functions on doubles, as far as JavaScript has not got them or differs from C. The rest of arithmetic is translated
// from Python: see tools/generate_page_kernels.py, which puts both into kernels.json.

const acos = Math.acos;
const asin = Math.asin;
const asinh = (x) => (Math.abs(x) < 1e-8 ? x : Math.asinh(x));
const atan = Math.atan;
const atan2 = Math.atan2;
const atanh = Math.atanh;
const ceil = Math.ceil;
const cos = Math.cos;
const cosh = Math.cosh;
const exp = Math.exp;
const expm1 = Math.expm1;
const fabs = Math.abs;
const floor = Math.floor;
const fmod = (a, b) => a % b;
const isfinite = Number.isFinite;
const isnan = Number.isNaN;
const log = Math.log;
const log10 = Math.log10;
const log1p = Math.log1p;
const log2 = Math.log2;
const sin = Math.sin;
const sinh = Math.sinh;
const sqrt = Math.sqrt;
const tan = Math.tan;
const trunc = Math.trunc;
const exp2 = (x) => Math.pow(2, x);

const copysign = (size, sign) => (sign < 0 || Object.is(sign, -0) ? -Math.abs(size) : Math.abs(size));

// Halves go to the even integer.
function rint(x) {
  const whole = Math.floor(x);
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const part = x - whole, nearest = part > 0.5 || (part === 0.5 && whole % 2 !== 0) ? whole + 1 : whole;
  return copysign(nearest, x);
}

// A power of 1 is 1, and so is one of −1 with an infinite exponent, even where JavaScript says nan.
const pow = (base, exponent) => (base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : Math.pow(base, exponent));

const power_of_two = (exponent) => Math.pow(2, exponent);

function ldexp(mantissa, exponent) {
  // In steps, of which only the last may round.
  while (exponent > 1000 && Math.abs(mantissa) < Infinity) {
    mantissa *= power_of_two(1000);
    exponent -= 1000;
    if (exponent > 3000) return mantissa * Infinity;
  }
  while (exponent < -1000 && mantissa !== 0) {
    // Up to here exact: what is left is at least 2^-1000 of something that is no subnormal number.
    const [fraction, own] = frexp(mantissa);
    if (own + exponent < -1080) return copysign(0, mantissa);
    const shift = Math.min(1000, Math.max(0, own + 1020));
    if (shift === 0) return fraction * power_of_two(own + exponent + 60) * power_of_two(-60);
    mantissa *= power_of_two(-shift);
    exponent += shift;
  }
  if (mantissa === 0) return mantissa;
  return exponent < -1000 ? mantissa * power_of_two(-1000) * power_of_two(exponent + 1000) : mantissa * power_of_two(exponent);
}

function frexp(x) {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  const small = Math.abs(x) < 1e-300, scaled = small ? x * power_of_two(200) : x;
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(scaled))) + 1);
  let mantissa = scaled * power_of_two(-Math.trunc(exponent / 2)) * power_of_two(Math.trunc(exponent / 2) - exponent);
  while (Math.abs(mantissa) >= 1) [mantissa, exponent] = [mantissa / 2, exponent + 1];
  while (Math.abs(mantissa) < 0.5) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  return [mantissa, small ? exponent - 200 : exponent];
}

// The integer of which a double is a multiple by 2 to the second number.
function exact_parts(x) {
  const [mantissa, exponent] = frexp(x);
  return [BigInt(mantissa * 9007199254740992), exponent - 53];
}

// a b + c, rounded once.
function fma(a, b, c) {
  const product = a * b;
  if (!Number.isFinite(a) || !Number.isFinite(b) || !Number.isFinite(c) || a === 0 || b === 0) {
    return Number.isFinite(a) && Number.isFinite(b) && !Number.isFinite(c) ? c : product + c;
  }
  const [p, q, r] = [a, b, c].map(exact_parts), factor = p[0] * q[0], low = p[1] + q[1];
  const least = Math.min(low, r[1]);
  if (c === 0) return round_parts(factor, low);
  if (low - r[1] > 2200 || r[1] - low > 2200) return Math.abs(product) > Math.abs(c) ? product + c : c;
  const total = (factor << BigInt(low - least)) + (r[0] << BigInt(r[1] - least));
  return total === 0n ? 0 : round_parts(total, least);
}

// An integer times a power of two, rounded once: where doubles end earlier than their 53 bits, the bits below them are
// gathered in one.
function round_parts(whole, exponent) {
  const size = whole < 0n ? -whole : whole, bits = size.toString(2).length, spare = Math.max(bits - 62, -1074 - exponent - 2, 0);
  if (spare === 0) return ldexp(Number(whole), exponent);
  const kept = size >> BigInt(spare), rest = size & ((1n << BigInt(spare)) - 1n);
  let rounded = (kept << 1n) | (rest === 0n ? 0n : 1n), at = exponent + spare - 1;
  const least = -1074 - at;
  if (least > 0 && rounded.toString(2).length - least < 53) {
    // Subnormal: to the nearest multiple of the least double, halves to the even one.
    const step = 1n << BigInt(least), half = step >> 1n, over = rounded % step;
    rounded = rounded / step + (over > half || (over === half && (rounded / step) % 2n === 1n) ? 1n : 0n);
    at = -1074;
  }
  return ldexp(whole < 0n ? -Number(rounded) : Number(rounded), at);
}

function hypot(a, b) {
  [a, b] = [Math.abs(a), Math.abs(b)];
  if (a === Infinity || b === Infinity) return Infinity;
  if (Number.isNaN(a) || Number.isNaN(b)) return NaN;
  const large = Math.max(a, b);
  if (large === 0) return 0;
  const shift = large > 1e150 ? -600 : large < 1e-130 ? 600 : 0;
  const [x, y] = [a * power_of_two(shift), b * power_of_two(shift)];
  const [square, low] = two_product(x, x), [other, other_low] = two_product(y, y);
  const [total, error] = two_sum(square, other);
  return ldexp(Math.sqrt(total + (error + low + other_low)), -shift);
}

// Near 0 its series, DLMF 7.6.1; elsewhere 1 − erfc.
function erf(x) {
  const size = Math.abs(x);
  if (!(size < 0.5)) return Number.isNaN(x) ? x : copysign(1 - erfc(size), x);
  let power = 1, sum = 0;
  const terms = [];
  for (let n = 0; n < 16; n++) {
    terms.push(power / (2 * n + 1));
    power *= (-x * x) / (n + 1);
  }
  for (const term of terms.reverse()) sum += term;
  return 1.1283791670955126 * x * sum;
}
