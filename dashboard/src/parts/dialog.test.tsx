// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DialogButton, DialogForm } from "./dialog";

// jsdom knows the element but not its methods.
beforeEach(() => {
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  };
});
afterEach(cleanup);

function Secret({ close, act }: { close: () => void; act: () => void }) {
  const [text, setText] = useState("");
  return (
    <DialogForm
      heading="secret"
      title="Say it"
      explain="It stays here."
      error={text === "no" ? new Error("The agent says no") : null}
      keep="Leave it"
      submit="Say"
      ready={text !== ""}
      off={null}
      act={act}
      close={close}
    >
      <input aria-label="Secret" value={text} onChange={(change) => setText(change.target.value)} />
    </DialogForm>
  );
}

const shown = (off: string | null, act = () => {}) =>
  render(
    <DialogButton label="Tell" heading="secret" off={off}>
      {(close) => <Secret close={close} act={act} />}
    </DialogButton>,
  );

const type = (text: string) => fireEvent.change(screen.getByLabelText("Secret"), { target: { value: text } });

describe("a dialog", () => {
  it("says why it cannot be opened", () => {
    shown("Needs operator; you have viewer");
    const button = screen.getByRole("button", { name: "Tell" });
    expect([button.hasAttribute("disabled"), button.title]).toEqual([
      true,
      "Needs operator; you have viewer",
    ]);
  });

  it("forgets what was typed when it closes", () => {
    shown(null);
    fireEvent.click(screen.getByText("Tell"));
    type("hunter2");
    fireEvent.click(screen.getByText("Leave it"));
    expect(screen.queryByLabelText("Secret")).toBeNull();
    fireEvent.click(screen.getByText("Tell"));
    expect((screen.getByLabelText("Secret") as HTMLInputElement).value).toBe("");
  });

  it("acts only when it is ready, and shows the agent's refusal", () => {
    const act = vi.fn();
    shown(null, act);
    fireEvent.click(screen.getByText("Tell"));
    fireEvent.submit(screen.getByLabelText("Secret"));
    expect(act).not.toHaveBeenCalled();
    type("no");
    fireEvent.submit(screen.getByLabelText("Secret"));
    expect(act).toHaveBeenCalledOnce();
    expect(screen.getByRole("alert").textContent).toBe("The agent says no");
  });
});
