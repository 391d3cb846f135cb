"""Loading: file, environment over it, references, types, checks; a typed Config comes out, or every problem at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

from kronveil.config.convert import Conversion
from kronveil.config.crosscheck import crosscheck
from kronveil.config.document import Document, KeyPath, Place, dotted, is_section, read_document
from kronveil.config.environment import fall_back, overlay
from kronveil.config.later import NOT_BUILT_COLLECTORS, NOT_BUILT_NOTIFIERS, NOT_BUILT_SECTIONS
from kronveil.config.places import state_folder
from kronveil.config.problems import ConfigProblems
from kronveil.config.sections import Sections
from kronveil.config.shape import shape_of
from kronveil.config.validation import validate
from kronveil.sdk.errors import ConfigError

DEFAULT_FILE = Path("kronveil.yaml")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written; ``reference`` is its text there when that refers to something outside."""

    place: Place
    reference: str | None = None

    @property
    def source(self) -> str:
        """Say it: ``kronveil.yaml:12`` or ``environment KRONVEIL__AGENT__NAME``."""
        return str(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Sections):
    """The whole configuration of one agent.

    ``not_built`` names what the file asks for and this version does not do yet (``kafka``, ``runbooks``).
    ``origins`` has the origin of every key that was written somewhere, by its dotted name.
    """

    file: Path | None = None
    not_built: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict[str, Origin], repr=False, compare=False)


def find_file(given: Path | None) -> Path:
    """Give the file to load: the one given, else ``./kronveil.yaml``. Raises ConfigError when there is none."""
    if given is not None or DEFAULT_FILE.exists():
        return given or DEFAULT_FILE
    raise ConfigError(
        "There is no kronveil.yaml here.\n"
        "  kronveil init   writes one from your kubeconfig\n"
        "  kronveil demo   shows a simulated fleet, without any configuration"
    )


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Load ``path`` (None: only the environment and the defaults). Raises ConfigProblems with all that is wrong."""
    document = Document(file="no file", folder=Path.cwd()) if path is None else read_document(path)
    shape = shape_of(Sections)
    overlay(document, shape, environ)
    fall_back(document, environ)
    conversion = Conversion(document, environ)
    tree = conversion.value(document.tree, shape)
    crosscheck(conversion, tree)
    _default_data_dir(tree, environ)
    sections = validate(conversion, tree)
    if sections is None or document.problems:
        raise ConfigProblems(document.problems)
    return Config(
        **{one.name: getattr(sections, one.name) for one in fields(Sections)},
        file=path,
        not_built=tuple(_not_built(sections, document)),
        origins=MappingProxyType({dotted(at): _origin(document, conversion, at) for at in document.places}),
    )


def _default_data_dir(tree: object, environ: Mapping[str, str]) -> None:
    if is_section(tree) and is_section(agent := tree.setdefault("agent", {})):
        agent.setdefault("data_dir", state_folder(environ))


def _not_built(sections: Sections, document: Document) -> Iterator[str]:
    for name in NOT_BUILT_COLLECTORS:
        if getattr(sections.collectors, name) is not None:
            yield name
    for name in NOT_BUILT_NOTIFIERS:
        if getattr(sections.notifiers, name) is not None:
            yield name
    for name in NOT_BUILT_SECTIONS:
        if (name,) in document.places:
            yield name
    if sections.bus.kind != "memory":
        yield "bus"


def _origin(document: Document, conversion: Conversion, at: KeyPath) -> Origin:
    return Origin(document.places[at], conversion.references.get(at))
