"""The stage ``sft`` of the command line: the pre-trained model learns to answer."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace

from book_lib.pipeline import _settings
from book_lib.pipeline._cli_stage import (
    Stage,
    add_common,
    command,
    existing,
    forget,
    require,
    say_next,
    settings_of,
)

STAGE = "sft"


def add_sft(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``sft``."""
    from book_lib.pipeline._chat_sources import ChatSources
    from book_lib.pipeline.chat import SFTConfig

    add_common(parser)
    _settings.add_flags(parser, ChatSources, "sources.")
    _settings.add_flags(parser, SFTConfig)


def go_sft(arguments: argparse.Namespace) -> None:
    """Fine-tune, or go on, and report."""
    from book_lib.pipeline import _report, _report_chat, _stored
    from book_lib.pipeline._chat_config import Material
    from book_lib.pipeline._chat_sources import ChatSources
    from book_lib.pipeline.chat import ChatTemplate, DivergedError, SFTConfig, sft
    from book_lib.pipeline.pretrain import load_model, pick_device

    run = existing(arguments.run)
    sources, config = settings_of(arguments, STAGE, run, ChatSources, SFTConfig)
    sources, config = sources.absolute(), config.with_replay(True)
    if sources.is_toy:  # the reader cannot shorten what the toy world says
        config = replace(config, too_long="skip")
    require(run, STAGE, ("pretrain",))
    with run:
        (model, tokenizer), text = load_model(run), _stored.load(run)
        learnt, held_out = sources.read(config.seed)
        template, device = ChatTemplate(tokenizer), pick_device(config.device)
        sources.require_room(template, model.context, config.too_long)
        old = text.held_out if len(text.held_out) > 2 else None
        # Before anything is thrown away:
        material = Material.of(model, template, learnt, config, text.train, held_out, old)
        if arguments.restart:
            forget(run, STAGE)
        for name, value in [*_report_chat.costs(material), ("runs on", str(device))]:
            print(f"{name}: {value}", flush=True)
        try:
            done = sft(model, template, learnt, config, text.train, run, progress=True, held_out=held_out,
                       text_ids=old, sources={"sources": asdict(sources)})  # fmt: skip
        except (KeyboardInterrupt, DivergedError):
            _report.write_report(run)
            raise
        report = _report.write_report(run)
    for name, value in _report_chat.results(list(done.rows)):
        print(f"{name}: {value}")
    say_next(report, command("reward", run))


STAGES: tuple[Stage, ...] = (
    Stage(STAGE, "fine-tune the model on conversations, so that it answers",
          "Fine-tune the pre-trained model on conversations (a file of yours, or those of a toy world), so that it "
          "answers and stops. Only the assistant's words are learnt; some of the old text is read again, so that it is "
          "not forgotten. If it is stopped, or killed, the same command goes on, to the same weights.",
          (("runs/mine", "conversations of the toy world"),
           ("runs/mine --chats chats.jsonl", 'yours: {"messages": [{"role": …, "content": …}, …]} a line'),
           ("runs/mine --chats chats.jsonl --too-long skip", "without those that the context cannot hold"),
           ("runs/mine --restart --replay 0", "once more, and nothing of the old text is read again")),
          "the same command, without --restart, goes on from the last checkpoint", add_sft, go_sft),
)  # fmt: skip
