"""Seconds from nothing to a model that is ready, in a fresh process: the imports, and the prepared folder.

python -m benchmarks.load
"""

import time


def main() -> None:
    began = time.perf_counter()
    import torch
    import transformers

    imported = time.perf_counter()
    from nl2sql_tui.engine.loading import load
    from nl2sql_tui.engine.profiles import profile
    from nl2sql_tui.engine.sources import prepared_folder

    default = profile("default")
    folder = prepared_folder(default)
    if folder is None:
        raise SystemExit("Fetch the model first: nl2sql-tui models pull default")
    load(folder, default)
    ready = time.perf_counter()
    print(f"importing torch {torch.__version__} and transformers {transformers.__version__}  {imported - began:.2f} s")  # noqa: T201
    print(f"loading the prepared folder  {ready - imported:.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()
