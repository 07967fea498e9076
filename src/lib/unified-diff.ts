/**
 * Unified diffs of texts, the way Python's difflib (and the Go port that Kubernetes uses) finds them: longest matching block
 * first, lines that are popular in a long text never start a block.
 */

interface Match {
  a: number;
  b: number;
  size: number;
}

type Op = { kind: 'equal' | 'delete' | 'insert' | 'replace'; a1: number; a2: number; b1: number; b2: number };

/** From this many lines on, popular lines are left out of the index. */
const POPULAR_FROM = 200;
const CONTEXT = 3;

function indexOf(lines: string[]): Map<string, number[]> {
  const index = new Map<string, number[]>();
  lines.forEach((line, i) => {
    const at = index.get(line);
    if (at) at.push(i);
    else index.set(line, [i]);
  });
  if (lines.length < POPULAR_FROM) return index;
  const most = Math.floor(lines.length / 100) + 1;
  for (const [line, at] of index) if (at.length > most) index.delete(line);
  return index;
}

function longest(a: string[], b: string[], index: Map<string, number[]>, from: Match, to: Match): Match {
  let best: Match = { a: from.a, b: from.b, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = from.a; i < to.a; i++) {
    const next = new Map<number, number>();
    for (const j of index.get(a[i]) ?? []) {
      if (j < from.b) continue;
      if (j >= to.b) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  const { a: start, b: other } = best;
  let { size } = best;
  let back = 0;
  while (start - back > from.a && other - back > from.b && a[start - back - 1] === b[other - back - 1]) back++;
  size += back;
  const first = start - back;
  const second = other - back;
  while (first + size < to.a && second + size < to.b && a[first + size] === b[second + size]) size++;
  return { a: first, b: second, size };
}

function matches(a: string[], b: string[]): Match[] {
  const index = indexOf(b);
  const found: Match[] = [];
  const visit = (from: Match, to: Match): void => {
    const match = longest(a, b, index, from, to);
    if (match.size === 0) return;
    if (from.a < match.a && from.b < match.b) visit(from, { a: match.a, b: match.b, size: 0 });
    found.push(match);
    const rest = { a: match.a + match.size, b: match.b + match.size, size: 0 };
    if (rest.a < to.a && rest.b < to.b) visit(rest, to);
  };
  visit({ a: 0, b: 0, size: 0 }, { a: a.length, b: b.length, size: 0 });
  const joined: Match[] = [];
  for (const match of found) {
    const last = joined[joined.length - 1];
    if (last && last.a + last.size === match.a && last.b + last.size === match.b) last.size += match.size;
    else joined.push({ ...match });
  }
  return [...joined, { a: a.length, b: b.length, size: 0 }];
}

function operations(a: string[], b: string[]): Op[] {
  const out: Op[] = [];
  let i = 0;
  let j = 0;
  for (const match of matches(a, b)) {
    const kind = i < match.a ? (j < match.b ? 'replace' : 'delete') : 'insert';
    if (i < match.a || j < match.b) out.push({ kind, a1: i, a2: match.a, b1: j, b2: match.b });
    i = match.a + match.size;
    j = match.b + match.size;
    if (match.size) out.push({ kind: 'equal', a1: match.a, a2: i, b1: match.b, b2: j });
  }
  return out;
}

/** Hunks with three lines of context around each change. */
function hunks(ops: Op[]): Op[][] {
  const first = ops[0];
  if (first?.kind === 'equal') {
    ops[0] = { ...first, a1: Math.max(first.a1, first.a2 - CONTEXT), b1: Math.max(first.b1, first.b2 - CONTEXT) };
  }
  const end = ops[ops.length - 1];
  if (end?.kind === 'equal') {
    ops[ops.length - 1] = { ...end, a2: Math.min(end.a2, end.a1 + CONTEXT), b2: Math.min(end.b2, end.b1 + CONTEXT) };
  }
  const groups: Op[][] = [];
  let group: Op[] = [];
  for (const op of ops) {
    let { a1, b1 } = op;
    if (op.kind === 'equal' && op.a2 - op.a1 > 2 * CONTEXT) {
      group.push({ ...op, a2: Math.min(op.a2, a1 + CONTEXT), b2: Math.min(op.b2, b1 + CONTEXT) });
      groups.push(group);
      group = [];
      a1 = Math.max(a1, op.a2 - CONTEXT);
      b1 = Math.max(b1, op.b2 - CONTEXT);
    }
    group.push({ ...op, a1, b1 });
  }
  if (group.length && !(group.length === 1 && group[0].kind === 'equal')) groups.push(group);
  return groups;
}

function range(start: number, stop: number): string {
  const length = stop - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

/** The difference of two texts as hunks, '' when they are equal. */
export function unifiedDiff(left: string, right: string): string {
  if (left === right) return '';
  const a = left.split('\n');
  const b = right.split('\n');
  let out = '';
  for (const group of hunks(operations(a, b))) {
    const first = group[0];
    const last = group[group.length - 1];
    out += `@@ -${range(first.a1, last.a2)} +${range(first.b1, last.b2)} @@\n`;
    for (const op of group) {
      const put = (sign: string, lines: string[]) => {
        for (const line of lines) out += `${sign}${line}\n`;
      };
      if (op.kind === 'equal') put(' ', a.slice(op.a1, op.a2));
      if (op.kind === 'replace' || op.kind === 'delete') put('-', a.slice(op.a1, op.a2));
      if (op.kind === 'replace' || op.kind === 'insert') put('+', b.slice(op.b1, op.b2));
    }
  }
  return out;
}
