"""The text of a statement at the gateway, and the few places where the oracle needs another one.

Most statements are the same text on both sides. Every rule for those that are not stands here:

| at the gateway (docs/sql.md, Dialect) | for DuckDB |
|---|---|
| `1.5` is a double | `1.5e0`, since `1.5` is a decimal there |
| arithmetic and `abs` of integers have 64 bits | the left side as HUGEINT, since 32 bits overflow with an error |
| `floor`, `ceil`, `trunc`, `signum` of an integer are doubles | the argument as DOUBLE |
| `ln`, `log2`, `log10`, `sqrt` outside their domain are NULL | guarded by CASE, since they are errors |
| a cast of what cannot be cast is NULL; a float is cut towards zero | TRY_CAST, of what `trunc` left |
| `signum`, `var` | `sign`, `var_samp` |
| sums of floats are compensated | `fsum`, `favg` |
| percentiles, in three forms | `quantile_cont` |
| moments and regressions without spread are NULL | `nullif(…, 'nan')` |

NULLs last, integer division and x / 0 are settings of the oracle (tests/clients/oracle.py).
"""

from datetime import date, datetime

WITHOUT_SPREAD = ("corr", "regr_slope", "regr_intercept", "regr_r2")
GUARDS = {"ln": "> 0", "log2": "> 0", "log10": "> 0", "sqrt": ">= 0"}


class Dialect:
    """The gateway's text. `style` is `?` or `$`: how parameters are written; `values` are theirs, in order. Without a
    style there are none, and their values stand in the text."""

    def __init__(self, style: str = "$"):
        self.style = style
        self.values: list = []
        self.numbers: dict[int, int] = {}

    def literal(self, value) -> str:
        match value:
            case None:
                return "NULL"
            case bool():
                return "true" if value else "false"
            case datetime():
                return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
            case date():
                return f"DATE '{value.isoformat()}'"
            case str():
                return "'" + value.replace("'", "''") + "'"
            case float():
                return self.float(f"{value:.17g}")
            case _:
                return str(value)

    def float(self, digits: str) -> str:
        return digits if "." in digits or "e" in digits else digits + ".0"

    def parameter(self, number: int, value) -> str:
        if not self.style:
            return self.literal(value)
        if self.style == "?":
            self.values.append(value)
            return "?"
        if number not in self.numbers:
            self.values.append(value)
            self.numbers[number] = len(self.values)
        return f"${self.numbers[number]}"

    def arithmetic(self, left: str, sign: str, right: str, whole: bool) -> str:
        return f"({left} {sign} {right})"

    def call(self, name: str, arguments: list[str], whole: bool) -> str:
        return f"{name}({', '.join(arguments)})" if arguments or name != "current_date" else name

    def cast(self, argument: str, type: str, cut: bool) -> str:
        return f"CAST({argument} AS {type})"

    def aggregate(self, name: str, float: bool) -> str:
        return name

    def percentile(self, argument: str, share: float, form: str) -> str:
        match form:
            case "median":
                return f"median({argument})"
            case "percentile_cont":
                return f"percentile_cont({share}) WITHIN GROUP (ORDER BY {argument})"
            case _:
                return f"{form}({argument}, {share})"

    def aggregated(self, name: str, call: str) -> str:
        return call


class Pooled(Dialect):
    """DuckDB's text."""

    def __init__(self):
        super().__init__("$")

    def float(self, digits: str) -> str:
        return digits if "e" in digits else digits + "e0"

    def arithmetic(self, left: str, sign: str, right: str, whole: bool) -> str:
        return f"({left}::HUGEINT {sign} {right})" if whole else f"({left} {sign} {right})"

    def call(self, name: str, arguments: list[str], whole: bool) -> str:
        if name in GUARDS:
            (x,) = arguments
            return f"CASE WHEN {x} {GUARDS[name]} THEN {name}({x}) END"
        if whole:
            arguments = [f"{arguments[0]}::{'HUGEINT' if name == 'abs' else 'DOUBLE'}", *arguments[1:]]
        return super().call({"signum": "sign"}.get(name, name), arguments, whole)

    def cast(self, argument: str, type: str, cut: bool) -> str:
        return f"TRY_CAST(trunc({argument}) AS {type})" if cut else f"TRY_CAST({argument} AS {type})"

    def aggregate(self, name: str, float: bool) -> str:
        name = {"var": "var_samp"}.get(name, name)
        return {"sum": "fsum", "avg": "favg"}.get(name, name) if float else name

    def percentile(self, argument: str, share: float, form: str) -> str:
        return f"quantile_cont({argument}, {share})"

    def aggregated(self, name: str, call: str) -> str:
        return f"nullif({call}, 'nan')" if name in WITHOUT_SPREAD else call
