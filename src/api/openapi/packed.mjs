// Stands for what descriptions.mjs packs: bundles of the Worker have that in its place (see src/server/bundle.ts, wrangler.toml).
export default '';
