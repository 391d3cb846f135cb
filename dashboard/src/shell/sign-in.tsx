// In place of the page while the agent asks who is there; the address stays, and the page follows.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { currentToken, keepToken } from "../api/session";
import { retryNow } from "../live/start";
import { Shape } from "../parts/shape";

export function SignIn() {
  const [token, setToken] = useState("");
  const queries = useQueryClient();
  const signIn = (event: React.FormEvent) => {
    event.preventDefault();
    keepToken(token.trim());
    setToken("");
    retryNow();
    void queries.resetQueries();
  };
  return (
    <div className="page">
      <section className="panel sign-in" aria-labelledby="sign-in">
        <h1 id="sign-in">Sign in</h1>
        <p className="second">
          This agent asks for a token. An administrator makes one with <code>kronveil token create</code>, or
          sets <code>api.bootstrap_token</code>.
        </p>
        <form onSubmit={signIn}>
          <label className="field">
            Token
            <input
              type="password"
              autoComplete="current-password"
              required
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          </label>
          {currentToken() !== null && (
            <p className="refusal" role="alert">
              <Shape tone="high" /> The agent does not accept the token of this tab.
            </p>
          )}
          <button type="submit" className="button primary">
            Sign in
          </button>
        </form>
        <p className="meta">The token stays in this tab and is gone when it closes.</p>
      </section>
    </div>
  );
}
