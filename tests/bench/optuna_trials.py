#!/usr/bin/python3
"""Trials per second through Optuna, for comparison with bench_throughput.

    optuna_trials.py WORKERS SECONDS FOLDER

Prints "STORAGE TRIALS_PER_SECOND" for SQLite and for the journal file, both in FOLDER: so many
processes share the storage, each asks for a trial of random search over 24 layers of 4 options, and
tells a made-up reward at once. Exit status 1 where Optuna is not installed."""

import json
import multiprocessing
import sys
import time

LAYERS, OPTIONS = 24, [0, 1, 2, 3]


def open_storage(kind, folder):
    import optuna

    if kind == "sqlite":
        return optuna.storages.RDBStorage(
            f"sqlite:///{folder}/optuna.db", engine_kwargs={"connect_args": {"timeout": 60}}
        )
    try:
        from optuna.storages.journal import JournalFileBackend  # from 4.0 on
    except ImportError:
        from optuna.storages import JournalFileStorage as JournalFileBackend
    return optuna.storages.JournalStorage(JournalFileBackend(f"{folder}/optuna.log"))


def work(kind, folder, seed, seconds):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(
        study_name="bench",
        storage=open_storage(kind, folder),
        sampler=optuna.samplers.RandomSampler(seed=seed),
    )
    start, n = time.monotonic(), 0
    while time.monotonic() < start + seconds:
        try:
            trial = study.ask()
            arch = [trial.suggest_categorical(f"layer{i}", OPTIONS) for i in range(LAYERS)]
            study.tell(trial, sum(arch) / LAYERS)
        except json.JSONDecodeError:  # 3.1 reads lines of the journal that are half written
            break
        n += 1
    return n / (time.monotonic() - start)


def main():
    workers, seconds, folder = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    try:
        import optuna
    except ImportError:
        sys.exit(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for kind in "sqlite", "journal":
        optuna.create_study(study_name="bench", storage=open_storage(kind, folder))
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            jobs = [(kind, folder, seed, seconds) for seed in range(workers)]
            print(kind, round(sum(pool.starmap(work, jobs)), 1), flush=True)


if __name__ == "__main__":
    main()
