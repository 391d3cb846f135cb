// Saves what is on the screen as JSON, a line a row: what was exported is what was seen.
import { Download } from "lucide-react";

export function download(name: string, rows: readonly unknown[]): void {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  const address = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `kronveil-${name}.jsonl`;
  link.click();
  URL.revokeObjectURL(address);
}

export function Save({ name, rows }: { name: string; rows: readonly unknown[] }) {
  const save = () => download(name, rows);
  return (
    <button type="button" className="button plain" disabled={rows.length === 0} onClick={save}>
      <Download size={14} aria-hidden="true" /> Export
    </button>
  );
}
