// What a page knows, and the states of its picture, which differ by little, are packed: RFC 1951, "DEFLATE". Browsers
// unpack it too, but not at once, and a page begins with all of it.

function inflate(bytes, length) {
  const out = new Uint8Array(length);
  let from = 0, to = 0, held = 0, count = 0;
  const bits = (need) => {
    for (; count < need; count += 8) held |= bytes[from++] << count;
    const number = held & ((1 << need) - 1);
    held >>>= need;
    count -= need;
    return number;
  };
  // A code of Huffman's: how many words have each length, and what they stand for, in the order of the words.
  const code_of = (lengths) => {
    const counts = Array(16).fill(0), starts = [0, 0], symbols = [];
    for (const one of lengths) counts[one] += one && 1;
    for (let one = 1; one < 15; one++) starts.push(starts[one] + counts[one]);
    lengths.forEach((one, symbol) => one && (symbols[starts[one]++] = symbol));
    return { counts, symbols };
  };
  const decoded = ({ counts, symbols }) => {
    for (let one = 1, word = 0, first = 0, place = 0; one < 16; one++) {
      word |= bits(1);
      if (word - counts[one] < first) return symbols[place + word - first];
      place += counts[one];
      first = (first + counts[one]) << 1;
      word <<= 1;
    }
    throw new Error("this page is damaged");
  };
  const ranges = (extra, first) => extra.map((more) => [more, (first += 1 << more) - (1 << more)]);
  const copied = ranges([...Array(8).fill(0), ...Array.from({ length: 20 }, (_, place) => (place >> 2) + 1)], 3);
  copied.push([0, 258]);
  const back = ranges([0, 0, ...Array.from({ length: 28 }, (_, place) => place >> 1)], 1);
  const usual = [code_of(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 || symbol > 279 ? 8 : symbol < 256 ? 9 : 7))), code_of(Array(30).fill(5))];
  const told = () => {
    const [many, far, used] = [bits(5) + 257, bits(5) + 1, bits(4) + 4], order = Array(19).fill(0), lengths = [];
    for (const place of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].slice(0, used)) order[place] = bits(3);
    const code = code_of(order);
    while (lengths.length < many + far) {
      const symbol = decoded(code), again = symbol === 16 ? lengths.at(-1) : 0;
      if (symbol < 16) lengths.push(symbol);
      else for (let times = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7); times; times--) lengths.push(again);
    }
    return [code_of(lengths.slice(0, many)), code_of(lengths.slice(many))];
  };
  for (let last = 0; !last; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      held = count = 0;
      const size = bytes[from] | (bytes[from + 1] << 8);
      out.set(bytes.subarray(from + 4, from + 4 + size), to);
      from += 4 + size;
      to += size;
      continue;
    }
    const [symbols, distances] = kind === 1 ? usual : told();
    for (let symbol = decoded(symbols); symbol !== 256; symbol = decoded(symbols)) {
      if (symbol < 256) out[to++] = symbol;
      else {
        const [more, least] = copied[symbol - 257], size = least + bits(more), [further, near] = back[decoded(distances)], away = near + bits(further);
        for (const end = to + size; to < end; to++) out[to] = out[to - away];
      }
    }
  }
  return out;
}

// The text that an element holds packed.
function unpacked(id) {
  const element = document.getElementById(id), packed = Uint8Array.from(atob(element.textContent), (sign) => sign.charCodeAt(0));
  return new TextDecoder().decode(inflate(packed, Number(element.dataset.length)));
}
