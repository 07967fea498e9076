/** Base64 of gzipped JSON, or empty where no bundler put it. */
declare const packed: string;
export default packed;
