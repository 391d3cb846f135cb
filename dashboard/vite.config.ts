import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The agent serves this folder at "/"; it is made by `npm run build` and never committed.
const AGENT_FOLDER = "../src/kronveil/api/console";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: AGENT_FOLDER,
    emptyOutDir: true,
    // Data URLs would need a looser content security policy than 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": { target: process.env.KRONVEIL_URL ?? "http://127.0.0.1:8080", ws: true } },
  },
  // A document costs a second to make: the tests that draw ask for one in their first line.
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
