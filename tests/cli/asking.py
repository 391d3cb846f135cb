"""Commands as a user types them, against the agent whose address is given."""

import anyio
from typer.testing import CliRunner

from kronveil.cli.commands import app


async def run(*arguments, env=None, stdin=None):
    runner = CliRunner()
    return await anyio.to_thread.run_sync(lambda: runner.invoke(app, arguments, env=env, input=stdin))


async def ask(agent, *arguments, env=None, stdin=None):
    result = await run(*arguments, "--url", agent, env=env, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout
