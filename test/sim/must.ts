export function must(condition: unknown, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}
