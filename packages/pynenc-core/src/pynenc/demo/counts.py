"""What the demo counts: one value for a file and for a whole tree, so that merging is all there is to it."""

from __future__ import annotations

from dataclasses import dataclass, field

#: A count keeps so many of its largest modules, and so many problems: it does not grow with the tree.
KEPT = 100


@dataclass(slots=True)
class Module:
    """One file."""

    path: str
    lines: int = 0
    words: int = 0
    functions: int = 0
    classes: int = 0


@dataclass(slots=True)
class Count:
    """A file, or everything below a directory."""

    modules: int = 0
    lines: int = 0
    words: int = 0
    functions: int = 0
    classes: int = 0
    #: How many modules import a top-level package.
    imports: dict[str, int] = field(default_factory=dict)
    #: The largest modules, the largest first.
    largest: list[Module] = field(default_factory=list)
    #: How many files and directories cannot be read or parsed, and for some of them why.
    failed: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        """Merge another count into this one."""
        self.modules += other.modules
        self.lines += other.lines
        self.words += other.words
        self.functions += other.functions
        self.classes += other.classes
        self.failed += other.failed
        for name, number in other.imports.items():
            self.imports[name] = self.imports.get(name, 0) + number
        largest = sorted((*self.largest, *other.largest), key=lambda module: (-module.lines, module.path))
        self.largest = largest[:KEPT]
        self.problems = sorted((*self.problems, *other.problems))[:KEPT]


def count_of_module(module: Module, imports: set[str], problem: str | None) -> Count:
    """The count of one file."""
    return Count(
        modules=1,
        lines=module.lines,
        words=module.words,
        functions=module.functions,
        classes=module.classes,
        imports=dict.fromkeys(sorted(imports), 1),
        largest=[module],
        failed=int(problem is not None),
        problems=[f"{module.path}: {problem}"] if problem else [],
    )
