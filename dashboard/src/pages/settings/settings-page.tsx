// What is in force? The configuration as the agent reads it, the tokens that open it, and the reader's own choices.
import { AsOf } from "../../parts/panel";
import { useTitle } from "../../shell/title";
import { Configuration } from "./configuration";
import { Own } from "./own";
import { Tokens } from "./tokens";
import "../../styles/settings.css";

export function SettingsPage() {
  useTitle("Settings");
  return (
    <div className="page settings">
      <header className="page-head">
        <h1>Settings</h1>
        <AsOf />
        <p className="second">Configuration is changed in its file; here is what is in force.</p>
      </header>
      <div className="settings-top">
        <Own />
        <Tokens />
      </div>
      <Configuration />
    </div>
  );
}
