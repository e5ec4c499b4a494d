// FIR filters of each channel, by VOLK's dot product or GNU Radio's FIR kernel. Like a peer of its own kind, it receives
// planar samples: every channel contiguous.
//   fir <channels> <kernels per channel> <taps> <frames per call> <file>
// The file contains kernels [out, tap] with the newest tap first, biases [out], and blocks [frames, channels]. For every
// line with a number of calls, it prints the nanoseconds and the outputs of the last call, [frames, out].
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <vector>
#ifdef GNU_RADIO
#include <gnuradio/filter/fir_filter.h>
#endif
#include <volk/volk.h>

using Numbers = std::vector<float>;

struct Filter {
#ifdef GNU_RADIO
  explicit Filter(const Numbers& newestFirst) : fir(newestFirst) {}
  void run(float* y, const float* x, int count) { fir.filterN(y, x, count); }
  gr::filter::kernel::fir_filter_fff fir;
#else
  explicit Filter(const Numbers& newestFirst) : taps(newestFirst.rbegin(), newestFirst.rend()) {}
  void run(float* y, const float* x, int count) {
    for (int n = 0; n < count; n++) volk_32f_x2_dot_prod_32f(y + n, x + n, taps.data(), taps.size());
  }
  Numbers taps;
#endif
};

int main(int, char** given) {
  const int channels = std::atoi(given[1]), each = std::atoi(given[2]), taps = std::atoi(given[3]);
  const int step = std::atoi(given[4]), outputs = channels * each;
  std::ifstream stream(given[5], std::ios::binary | std::ios::ate);
  Numbers file(stream.tellg() / sizeof(float));
  stream.seekg(0).read(reinterpret_cast<char*>(file.data()), file.size() * sizeof(float));
  const float* bias = file.data() + outputs * taps;
  const float* samples = bias + outputs;
  const int frames = (file.data() + file.size() - samples) / channels;

  std::vector<Filter> filters;
  for (int o = 0; o < outputs; o++) filters.emplace_back(Numbers(&file[o * taps], &file[o * taps] + taps));
  // every channel with the end of the endlessly repeated input before it
  const int before = taps - 1;
  std::vector<Numbers> lines(channels);
  for (int c = 0; c < channels; c++)
    for (int t = -before; t < frames; t++)
      lines[c].push_back(samples[((t % frames + frames) % frames) * channels + c]);

  Numbers y(outputs * step);
  int at = 0;
  for (long calls; std::cin >> calls;) {
    const auto start = std::chrono::steady_clock::now();
    for (long call = 0; call < calls; call++) {
      for (int o = 0; o < outputs; o++) {
        float* to = &y[o * step];
        filters[o].run(to, &lines[o / each][at], step);
        for (int n = 0; n < step; n++) to[n] += bias[o];
      }
      at = at + step == frames ? 0 : at + step;
    }
    const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - start;
    std::printf("%lld", static_cast<long long>(taken.count()));
    for (int n = 0; n < step; n++)
      for (int o = 0; o < outputs; o++) std::printf(" %.9g", y[o * step + n]);
    std::printf("\n");
    std::fflush(stdout);
  }
}
