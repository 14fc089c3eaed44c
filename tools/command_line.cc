#include "minnow/tools/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace minnow {
namespace {

CLI::App* Add(CLI::App& app, OpsCommand& command) {
  CLI::App* parser =
      app.add_subcommand("ops", "List the operators, or describe one.");
  parser->add_option("NAME", command.name, "An operator");
  CLI::Option* json = parser->add_flag("--json", command.json, "As JSON");
  parser
      ->add_flag("--markdown", command.markdown,
                 "The reference of all operators, as docs/operators.md has it")
      ->excludes(json);
  return parser;
}

CLI::App* Add(CLI::App& app, ShowCommand& command) {
  CLI::App* parser = app.add_subcommand(
      "show", "Show the nodes of a graph, or the plan of a run.");
  parser->add_option("GRAPH", command.graph, "A .pb, .pbtxt or .json file")
      ->required();
  parser->add_flag("--plan", command.plan,
                   "Which kernel each step runs, on what, where");
  parser->add_option("--shape", command.shapes,
                     "NAME=2,3: the shape of a variable");
  parser->add_option("--stype", command.storages,
                     "NAME=row_sparse: the storage of a variable");
  parser->add_option("--dtype", command.dtypes,
                     "NAME=float16: the type of a variable's elements");
  parser->add_option("--dot", command.dot,
                     "Write the graph for Graphviz to this file");
  return parser;
}

CLI::App* Add(CLI::App& app, ConvertCommand& command) {
  CLI::App* parser = app.add_subcommand(
      "convert", "Convert a graph between .pb, .pbtxt and MXNet's .json.");
  parser->add_option("IN", command.in, "The graph")->required();
  parser->add_option("OUT", command.out, "The file to write")->required();
  return parser;
}

CLI::App* Add(CLI::App& app, RunCommand& command) {
  CLI::App* parser = app.add_subcommand(
      "run", "Run a graph once, on arrays from a .params file.");
  parser->add_option("GRAPH", command.graph, "A .pb, .pbtxt or .json file")
      ->required();
  parser
      ->add_option("--inputs", command.inputs,
                   "Arrays arg:NAME, aux:NAME, head:K, gradinit:NAME")
      ->required();
  parser
      ->add_option("--outputs", command.outputs,
                   "Gets the arrays out:K, aux:NAME, grad:NAME")
      ->required();
  parser->add_flag("--train", command.options.training,
                   "Operators behave as in training");
  parser->add_flag("--backward", command.options.backward,
                   "Compute the gradients of all arguments");
  parser->add_option("--grad-req", command.gradient_requests,
                     "NAME=write|add|null: what becomes of a gradient");
  parser->add_option("--inplace", command.inplace,
                     "out:K=arg:NAME: write an output over a variable");
  parser->add_option("--seed", command.options.seed, "Of random operators");
  parser
      ->add_option("--threads", command.options.threads,
                   "Default: as many as the machine has")
      ->check(CLI::Range(0, 1024));
  parser->add_flag("--strict-storage", command.options.strict_storage,
                   "A fallback to dense is an error");
  return parser;
}

CLI::App* Add(CLI::App& app, TrainCommand& command) {
  CLI::App* parser = app.add_subcommand(
      "train", "Train a classifier on images or on the rows of a table.");
  CLI::Option* resume =
      parser->add_option("--resume", command.resume,
                         "Go on from a checkpoint, to --epochs epochs in all");
  CLI::Option* graph =
      parser
          ->add_option("GRAPH", command.graph,
                       "A training step with variables data and label, and "
                       "with probabilities as output 0; default: an MLP")
          ->excludes(resume);
  parser->add_option("--data", command.data,
                     "fashion-mnist (default), digits, a folder of IDX files "
                     "or a CSV file with the label last");
  parser
      ->add_option("--layers", command.layers,
                   "Widths of the hidden layers; default 256,128")
      ->delimiter(',')
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->excludes(resume)
      ->excludes(graph);
  parser->add_option("--epochs", command.epochs, "Default 10")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30));
  parser->add_option("--batch", command.batch, "Examples a step; default 64")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->excludes(resume);
  parser->add_option("--lr", command.lr, "Learning rate; default 0.1");
  parser->add_option("--momentum", command.momentum, "Default 0.9")
      ->excludes(resume)
      ->excludes(graph);
  parser->add_option("--wd", command.wd, "Weight decay; default 0")
      ->excludes(resume)
      ->excludes(graph);
  parser
      ->add_option(
          "--schedule", command.schedule,
          "Of the learning rate: constant, step or cosine (default); the "
          "last two rise during the first epoch")
      ->check(CLI::IsMember({"constant", "step", "cosine"}));
  parser->add_option("--seed", command.seed, "Default 1")->excludes(resume);
  parser
      ->add_option("--threads", command.threads,
                   "Default: as many as the machine has")
      ->check(CLI::Range(0, 1024));
  parser->add_option("--out", command.out,
                     "The folder for graphs, checkpoint and curves");
  parser->add_option("--profile", command.profile,
                     "Write the times of all steps to this file, for Chrome's "
                     "trace viewer");
  return parser;
}

}  // namespace

std::variant<Command, int> ReadCommandLine(int argc, char** argv) {
  CLI::App app("Minnow: compose, inspect, convert, run and train graphs.");
  app.name("minnow");
  app.require_subcommand(1);
  OpsCommand ops;
  ShowCommand show;
  ConvertCommand convert;
  RunCommand run;
  TrainCommand train;
  const CLI::App* const is_ops = Add(app, ops);
  const CLI::App* const is_show = Add(app, show);
  const CLI::App* const is_convert = Add(app, convert);
  const CLI::App* const is_run = Add(app, run);
  Add(app, train);
  // CLI11 throws; its exceptions stay here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (is_ops->parsed()) return Command(std::move(ops));
  if (is_show->parsed()) return Command(std::move(show));
  if (is_convert->parsed()) return Command(std::move(convert));
  if (is_run->parsed()) return Command(std::move(run));
  return Command(std::move(train));
}

}  // namespace minnow
