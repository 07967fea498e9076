/** What descriptions.mjs packs, as the bundle of the Worker has it: base64 of gzipped JSON. */
declare module 'atoll:descriptions' {
  const packed: string;
  export default packed;
}
