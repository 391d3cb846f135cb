// The place of table rows that are not drawn, so that the scroll bar tells the truth.
export function Spacer({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr className="spacer" style={{ height }}>
      <td colSpan={columns} aria-hidden="true" />
    </tr>
  );
}
