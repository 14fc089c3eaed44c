// Rows of the operators of sequences.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/ops/sequence.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

void AppendMasks(std::vector<OpCase>& cases) {
  for (int64_t axis : {0, 1}) {
    const SequenceMaskAttrs a = {
        .use_sequence_length = true, .value = 1, .axis = axis};
    cases.push_back(
        {.op = "SequenceMask",
         .label = absl::StrCat("axis ", axis),
         .attrs = a,
         .inputs = {{.shape = {4, 4, 2}},
                    {.shape = {4},
                     .values = {0, 3, 1, 9},
                     .differentiable = false}},
         .formula =
             [axis](Inputs in) {
               TestArray out = in[0];
               ForEachPlace(out.shape, [&](size_t i, const Place& p) {
                 const double length = in[1].values[p[1 - axis]];
                 if (static_cast<double>(p[axis]) >= length) out.values[i] = 1;
               });
               return std::vector{out};
             },
         .large = {{90, 70, 20}, axis == 0 ? Shape{70} : Shape{90}}});
  }
  cases.push_back(MoveCase("SequenceMask", "whole", SequenceMaskAttrs{}, {3, 2},
                           Permutation({0, 1})));
}

// The row with the lengths of the sequences, and the one of whole ones.
void AppendMoved(const char* op, SequenceAttrs a, const Shape& data,
                 std::vector<double> lengths, const Formula& formula,
                 std::vector<Shape> large, std::vector<OpCase>& cases) {
  const std::string label = absl::StrCat("axis ", a.axis);
  const auto count = static_cast<int64_t>(lengths.size());
  const auto whole = static_cast<double>(data[static_cast<size_t>(a.axis)]);
  cases.push_back(
      {.op = op,
       .label = label + ", whole",
       .attrs = a,
       .inputs = {{.shape = data}},
       .formula = [=](Inputs in) {
         const size_t n = in[0].shape[a.axis == 0 ? 1 : 0];
         return formula(std::vector{
             in[0], TestArray{.values = std::vector<double>(n, whole)}});
       }});
  a.use_sequence_length = true;
  cases.push_back({.op = op,
                   .label = label,
                   .attrs = a,
                   .inputs = {{.shape = data},
                              {.shape = {count},
                               .values = std::move(lengths),
                               .differentiable = false}},
                   .formula = formula,
                   .large = std::move(large)});
}

void AppendLast(std::vector<OpCase>& cases) {
  for (int64_t axis : {0, 1}) {
    const auto place = [axis](Place p, int64_t length) {
      p.insert(p.begin() + axis, length - 1);
      return p;
    };
    const Shape large = axis == 0 ? Shape{4, 300, 200} : Shape{300, 4, 200};
    // Repeated, as often as `large` asks for.
    const std::vector<double> lengths = {4, 3, 1, 2};
    AppendMoved(
        "SequenceLast", {.axis = axis}, {4, 4, 2}, lengths,
        [=](Inputs in) {
          TestArray out{
              .shape = {in[0].shape[axis == 0 ? 1 : 0], in[0].shape[2]}};
          ForEachPlace(out.shape, [&](size_t, const Place& p) {
            const auto n = static_cast<int64_t>(in[1].values[p[0]]);
            out.values.push_back(
                in[0].values[IndexOf(place(p, n), in[0].shape)]);
          });
          return std::vector{out};
        },
        {large, {300}}, cases);
    SequenceAttrs a = {.axis = axis};
    for (bool cut : {false, true}) {
      a.use_sequence_length = cut;
      OpCase c = {
          .op = "_backward_SequenceLast",
          .label = absl::StrCat("axis ", axis, cut ? "" : ", whole"),
          .attrs = a,
          .inputs = {{.shape = {4, 2}}, {.shape = {4, 4, 2}}},
          .formula = [=](Inputs in) {
            TestArray grad{.shape = in[1].shape};
            grad.values.resize(in[1].values.size());
            ForEachPlace(in[0].shape, [&](size_t i, const Place& p) {
              const auto n = cut ? static_cast<int64_t>(in[2].values[p[0]]) : 4;
              grad.values[IndexOf(place(p, n), grad.shape)] = in[0].values[i];
            });
            return std::vector{grad};
          }};
      if (cut) {
        c.inputs.push_back(
            {.shape = {4}, .values = lengths, .differentiable = false});
        c.large = {{300, 200}, large, {300}};
      }
      cases.push_back(std::move(c));
    }
  }
}

void AppendReverse(std::vector<OpCase>& cases) {
  AppendMoved(
      "SequenceReverse", {}, {4, 5, 2}, {4, 3, 1, 2, 0},
      [](Inputs in) {
        TestArray out{.shape = in[0].shape};
        ForEachPlace(out.shape, [&](size_t, Place p) {
          const auto n = static_cast<int64_t>(in[1].values[p[1]]);
          if (p[0] < n) p[0] = n - 1 - p[0];
          out.values.push_back(in[0].values[IndexOf(p, out.shape)]);
        });
        return std::vector{out};
      },
      {{90, 70, 20}, {70}}, cases);
}

}  // namespace

std::vector<OpCase> SequenceOpCases() {
  std::vector<OpCase> cases;
  AppendMasks(cases);
  AppendLast(cases);
  AppendReverse(cases);
  return cases;
}

}  // namespace minnow
