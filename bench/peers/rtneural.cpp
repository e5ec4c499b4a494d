// RTNeural's compile-time layers on the benchmark's networks. Each process runs one of them.
//
//     rtneural NETWORK STEP FILE     FILE: float32 weights [out, in, tap] in lag order and bias of every layer, then the input
//     stdin    CALLS                 runs this many steps of STEP frames
//     stdout   NANOSECONDS y y y …   the time taken, and the outputs of the last step, [frames', out]
//
// RTNeural processes one frame at a time. Its models cannot represent "no output", so layers that skip frames call skip().
#include <RTNeural/RTNeural.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

using Numbers = std::vector<float>;
using Source = const float*;

template <int in, int out, int taps, int stride, bool relu> struct Convolution {
  static constexpr int outputs = out;
  RTNeural::Conv1DT<float, in, out, taps, 1> layer;
  RTNeural::ReLuActivationT<float, out> rectifier;
  int left = stride;

  void load(Source& from) {
    std::vector<std::vector<Numbers>> weights(out, std::vector<Numbers>(in, Numbers(taps)));
    for (auto& kernel : weights)
      for (auto& channel : kernel)
        for (auto& tap : channel) tap = *from++;
    layer.setWeights(weights);
    layer.setBias(Numbers(from, from + out));
    from += out;
    layer.reset();
  }

  // Returns whether an output is aligned with this frame.
  template <class Frame> bool push(const Frame& x) {
    if (--left > 0) return layer.skip(x), false;
    left = stride;
    layer.forward(x);
    if constexpr (relu) rectifier.forward(layer.outs);
    return true;
  }

  auto& outs() {
    if constexpr (relu) return rectifier.outs;
    else return layer.outs;
  }
};

template <int in, class First, class... Rest> struct Stack {
  static constexpr int inputs = in;
  First first;
  Stack<First::outputs, Rest...> rest;
  void load(Source& from) { first.load(from), rest.load(from); }
  template <class Frame> bool push(const Frame& x) { return first.push(x) && rest.push(first.outs()); }
  auto& outs() { return rest.outs(); }
};

template <int in, class Last> struct Stack<in, Last> {
  static constexpr int inputs = in;
  Last last;
  void load(Source& from) { last.load(from); }
  template <class Frame> bool push(const Frame& x) { return last.push(x); }
  auto& outs() { return last.outs(); }
};

template <class Network> int serve(int step, const Numbers& file) {
  const auto network = std::make_unique<Network>();
  Source from = file.data();
  network->load(from);
  const long frames = (file.data() + file.size() - from) / Network::inputs;
  long at = 0;
  Numbers outputs;
  for (long calls; std::cin >> calls;) {
    const auto start = std::chrono::steady_clock::now();
    for (long call = 0; call < calls; call++) {
      outputs.clear();
      for (int i = 0; i < step; i++, at = at + 1 == frames ? 0 : at + 1) {
        const Eigen::Map<const Eigen::Matrix<float, Network::inputs, 1>> frame(from + at * Network::inputs);
        if (network->push(frame)) outputs.insert(outputs.end(), network->outs().begin(), network->outs().end());
      }
    }
    const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - start;
    std::printf("%lld", static_cast<long long>(taken.count()));
    for (const float y : outputs) std::printf(" %.9g", y);
    std::printf("\n");
    std::fflush(stdout);
  }
  return 0;
}

int main(int, char** arguments) {
  const int step = std::atoi(arguments[2]);
  std::ifstream stream(arguments[3], std::ios::binary | std::ios::ate);
  Numbers file(stream.tellg() / sizeof(float));
  stream.seekg(0).read(reinterpret_cast<char*>(file.data()), file.size() * sizeof(float));
  if (!std::strcmp(arguments[1], "W1")) return serve<Stack<6, Convolution<6, 8, 16, 1, false>>>(step, file);
  if (!std::strcmp(arguments[1], "W2")) return serve<Stack<8, Convolution<8, 16, 32, 1, false>>>(step, file);
  if (!std::strcmp(arguments[1], "W3")) return serve<Stack<128, Convolution<128, 64, 32, 2, false>>>(step, file);
  if (!std::strcmp(arguments[1], "W4"))
    return serve<Stack<8, Convolution<8, 32, 9, 1, true>, Convolution<32, 32, 9, 2, true>, Convolution<32, 32, 9, 2, true>>>(step, file);
  return 2;
}
