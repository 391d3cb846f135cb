from ruamel.yaml.error import StreamMark
from ruamel.yaml.tag import Tag

class Node:
    tag: Tag
    start_mark: StreamMark

class ScalarNode(Node):
    value: str
    style: str | None

class SequenceNode(Node):
    value: list[Node]

class MappingNode(Node):
    value: list[tuple[Node, Node]]
