/* Training-mode batch norm and the activation behind it, forward and backward, over fp32 in channels-last order.
 *
 * Both are bound by memory, so what counts is how often a tensor is read and written. Forward reads the input twice
 * and writes the output; backward reads the input and the output's gradient twice and writes the input's gradient.
 * The activation's slope is computed again from the input instead of being stored.
 *
 * A pixel's C channels are rarely a whole number of vectors. All loops therefore run over periods of lcm(C, LANES)
 * floats, with the channels' constants repeated to that length. Sums are floats over FLUSH_PERIODS, then doubles.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16
#define UNROLL 4
#define FLUSH_PERIODS 64
#define INLINE static inline __attribute__((always_inline))

/* The second pass over a tensor goes backwards: its end is still in the cache from the first. */
#define LAST_PERIOD(of, size) (((size) - 1) / (of)->period * (of)->period)

enum activation { IDENTITY, RELU, RELU6, HARDSWISH };

/* Make `call` with a constant ACTIVATION, so that the compiler writes a vector loop for each. */
#define BY_ACTIVATION(activation, call)                             \
    switch (activation) {                                           \
    case RELU: { enum { ACTIVATION = RELU }; call; break; }         \
    case RELU6: { enum { ACTIVATION = RELU6 }; call; break; }       \
    case HARDSWISH: { enum { ACTIVATION = HARDSWISH }; call; break; } \
    default: { enum { ACTIVATION = IDENTITY }; call; break; }       \
    }

/* Comparisons are written so that NaN passes through: a diverged training must not look healthy. */
INLINE float clamp6(float z) { return z < 0 ? 0 : z > 6 ? 6 : z; }

INLINE float activate(int activation, float z) {
    switch (activation) {
    case RELU: return z < 0 ? 0 : z;
    case RELU6: return clamp6(z);
    case HARDSWISH: return z * clamp6(z + 3) * (1.0f / 6);
    default: return z;
    }
}

INLINE float slope(int activation, float z) {
    switch (activation) {
    case RELU: return z <= 0 ? 0 : 1;
    case RELU6: return z <= 0 || z >= 6 ? 0 : 1;
    case HARDSWISH: return z < -3 ? 0 : z > 3 ? 1 : z * (1.0f / 3) + 0.5f;
    default: return 1;
    }
}

static long period_of(long channels) {
    long a = channels, b = LANES;
    while (b) { long rest = a % b; a = b; b = rest; }
    return channels / a * LANES;
}

static void repeat(float *out, const float *of_channel, long channels, long period) {
    for (long j = 0; j < period; j++) out[j] = of_channel[j % channels];
}

/* What the loops need of each channel, repeated to a period, and room for two rows of running sums. */
struct channels {
    long count, period;
    float *mean, *scale, *bias, *tilt, *level, *first, *second;
};

static struct channels channels_of(long count) {
    long period = period_of(count);
    float *room = calloc(7 * period, sizeof(float));
    return (struct channels){count, period, room, room + period, room + 2 * period, room + 3 * period,
                             room + 4 * period, room + 5 * period, room + 6 * period};
}

static void set_channels(const struct channels *of, const float *mean, const float *inverse_std, const float *weight,
                         const float *bias) {
    repeat(of->mean, mean, of->count, of->period);
    repeat(of->bias, bias, of->count, of->period);
    for (long j = 0; j < of->period; j++) of->scale[j] = weight[j % of->count] * inverse_std[j % of->count];
}

/* Add the running sums of a period to their channels' and begin again. */
static void flush(const struct channels *of, double *first, double *second) {
    for (long j = 0; j < of->period; j++) {
        first[j % of->count] += of->first[j];
        second[j % of->count] += of->second[j];
        of->first[j] = of->second[j] = 0;
    }
}

/* ------------------------------------------------------------------------------------------------ forward */

INLINE void add_moments(const float *x, const struct channels *of, long length, int periods) {
    for (long j = 0; j < length; j++) {
        float sum = 0, square = 0;
        for (int p = 0; p < periods; p++) {
            float distance = x[p * of->period + j] - of->mean[j];
            sum += distance;
            square += distance * distance;
        }
        of->first[j] += sum;
        of->second[j] += square;
    }
}

/* Per channel: sum of x - of->mean and of its square. A guess near the mean keeps the variance free of cancellation. */
static void moments(const float *x, const struct channels *of, double *sum, double *square, long size) {
    long p = 0, period = of->period, periods = size / period;
    for (; p + UNROLL <= periods; p += UNROLL) {
        add_moments(x + p * period, of, period, UNROLL);
        if (p % FLUSH_PERIODS == 0) flush(of, sum, square);
    }
    for (; p < periods; p++) add_moments(x + p * period, of, period, 1);
    add_moments(x + periods * period, of, size % period, 1);
    flush(of, sum, square);
}

INLINE void normalise(int activation, const float *restrict x, float *restrict y, const struct channels *of, long size) {
    for (long start = LAST_PERIOD(of, size); start >= 0; start -= of->period) {
        long length = size - start < of->period ? size - start : of->period;
        for (long j = 0; j < length; j++)
            y[start + j] = activate(activation, (x[start + j] - of->mean[j]) * of->scale[j] + of->bias[j]);
    }
}

/* x, y: (pixels, channels). Gives y and the batch's mean and 1 / std, and moves the running statistics. */
void batch_norm_forward(const float *x, float *y, const float *weight, const float *bias, float *mean,
                        float *inverse_std, float *running_mean, float *running_var, long pixels, long count,
                        float epsilon, float momentum, int activation) {
    struct channels of = channels_of(count);
    double *sum = calloc(2 * count, sizeof(double)), *square = sum + count;
    repeat(of.mean, x, count, of.period);
    moments(x, &of, sum, square, pixels * count);
    for (long c = 0; c < count; c++) {
        double distance = sum[c] / pixels, variance = square[c] / pixels - distance * distance;
        if (variance < 0) variance = 0;
        mean[c] = x[c] + distance;
        inverse_std[c] = 1 / sqrt(variance + epsilon);
        running_mean[c] += momentum * (mean[c] - running_mean[c]);
        running_var[c] += momentum * (variance * pixels / (pixels - 1) - running_var[c]);
    }
    set_channels(&of, mean, inverse_std, weight, bias);
    BY_ACTIVATION(activation, normalise(ACTIVATION, x, y, &of, pixels * count))
    free(of.mean);
    free(sum);
}

/* ----------------------------------------------------------------------------------------------- backward */

INLINE void add_gradients(int activation, const float *x, const float *dy, const struct channels *of, long length,
                          int periods) {
    for (long j = 0; j < length; j++) {
        float sum = 0, product = 0;
        for (int p = 0; p < periods; p++) {
            float distance = x[p * of->period + j] - of->mean[j];
            float dz = slope(activation, distance * of->scale[j] + of->bias[j]) * dy[p * of->period + j];
            sum += dz;
            product += dz * distance;
        }
        of->first[j] += sum;
        of->second[j] += product;
    }
}

/* Per channel: sum of dz, the gradient before the activation, and of dz * (x - mean). */
INLINE void gradient_sums(int activation, const float *x, const float *dy, const struct channels *of, double *sum,
                          double *product, long size) {
    long p = 0, period = of->period, periods = size / period;
    for (; p + UNROLL <= periods; p += UNROLL) {
        add_gradients(activation, x + p * period, dy + p * period, of, period, UNROLL);
        if (p % FLUSH_PERIODS == 0) flush(of, sum, product);
    }
    for (; p < periods; p++) add_gradients(activation, x + p * period, dy + p * period, of, period, 1);
    add_gradients(activation, x + periods * period, dy + periods * period, of, size % period, 1);
    flush(of, sum, product);
}

INLINE void input_gradient(int activation, const float *restrict x, const float *restrict dy, float *restrict dx,
                           const struct channels *of, long size) {
    for (long start = LAST_PERIOD(of, size); start >= 0; start -= of->period) {
        long length = size - start < of->period ? size - start : of->period;
        for (long j = 0; j < length; j++) {
            float distance = x[start + j] - of->mean[j];
            float dz = slope(activation, distance * of->scale[j] + of->bias[j]) * dy[start + j];
            dx[start + j] = dz * of->scale[j] - (distance * of->tilt[j] + of->level[j]);
        }
    }
}

/* x, dy, dx: (pixels, channels). Mean and inverse_std are those that the forward pass gave. */
void batch_norm_backward(const float *x, const float *dy, float *dx, const float *weight, const float *bias,
                         const float *mean, const float *inverse_std, float *dweight, float *dbias, long pixels,
                         long count, int activation) {
    struct channels of = channels_of(count);
    double *sum = calloc(2 * count, sizeof(double)), *product = sum + count;
    set_channels(&of, mean, inverse_std, weight, bias);
    BY_ACTIVATION(activation, gradient_sums(ACTIVATION, x, dy, &of, sum, product, pixels * count))
    for (long c = 0; c < count; c++) {
        dbias[c] = sum[c];
        dweight[c] = product[c] * inverse_std[c];
    }
    for (long j = 0; j < of.period; j++) {
        long c = j % count;
        of.tilt[j] = of.scale[j] * inverse_std[c] * inverse_std[c] * product[c] / pixels;
        of.level[j] = of.scale[j] * sum[c] / pixels;
    }
    BY_ACTIVATION(activation, input_gradient(ACTIVATION, x, dy, dx, &of, pixels * count))
    free(of.mean);
    free(sum);
}
