// What a source said besides its message: names and values, as text.
export function Attributes({ of }: { of: readonly (readonly [string, unknown])[] }) {
  if (of.length === 0) return null;
  return (
    <dl className="attributes">
      {of.map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
