/* Weight gradient of a depthwise convolution over fp32 in channels-last order.
 *
 * LANES channels at a time are copied out of each image into a padded panel that stays in the first-level cache; every
 * tap of the kernel is then one multiply-add of two vectors, with a row's sums in registers and no edges to look after.
 */
#include <stdlib.h>
#include <string.h>

#define LANES 16

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline vector read_channels(const float *pixel, int count) {
    if (count == LANES) return *(const vector *)pixel;
    vector padded = {0};
    for (int lane = 0; lane < count; lane++) padded[lane] = pixel[lane];
    return padded;
}

/* sums[K * K] += over all output pixels: gradient * the input pixel under each tap. */
static inline __attribute__((always_inline)) void add_taps(int kernel, int stride, const vector *image,
                                                           const vector *gradient, vector *sums, long height,
                                                           long width, long image_width) {
    for (int i = 0; i < kernel; i++) {
        vector row_sums[7];
        for (int j = 0; j < kernel; j++) row_sums[j] = sums[i * kernel + j];
        for (long row = 0; row < height; row++) {
            const vector *pixels = image + (row * stride + i) * image_width;
            for (long column = 0; column < width; column++) {
                vector g = gradient[row * width + column];
                for (int j = 0; j < kernel; j++) row_sums[j] += g * pixels[column * stride + j];
            }
        }
        for (int j = 0; j < kernel; j++) sums[i * kernel + j] = row_sums[j];
    }
}

typedef void taps_function(const vector *, const vector *, vector *, long, long, long);

#define TAPS(kernel, stride)                                                                                    \
    static void taps_##kernel##_##stride(const vector *image, const vector *gradient, vector *sums, long height, \
                                         long width, long image_width) {                                        \
        add_taps(kernel, stride, image, gradient, sums, height, width, image_width);                            \
    }
TAPS(3, 1) TAPS(3, 2) TAPS(5, 1) TAPS(5, 2) TAPS(7, 1) TAPS(7, 2)

static taps_function *const TAPS_OF[3][2] = {{taps_3_1, taps_3_2}, {taps_5_1, taps_5_2}, {taps_7_1, taps_7_2}};

/* x: (images, height, width, channels); dy: the output's gradient; dweight: (channels, kernel, kernel).
 * Kernel 3, 5 or 7, stride 1 or 2, padding kernel / 2. */
void depthwise_weight_gradient(const float *x, const float *dy, float *dweight, long images, long height, long width,
                               long channels, long kernel, long stride) {
    long padding = kernel / 2, panel_width = width + 2 * padding, panel = (height + 2 * padding) * panel_width;
    long out_height = (height - 1) / stride + 1, out_width = (width - 1) / stride + 1, outputs = out_height * out_width;
    vector *image = aligned_alloc(64, (panel + outputs + kernel * kernel) * sizeof(vector));
    vector *gradient = image + panel, *sums = gradient + outputs;
    taps_function *add = TAPS_OF[kernel / 2 - 1][stride - 1];
    memset(image, 0, panel * sizeof(vector));
    for (long c = 0; c < channels; c += LANES) {
        int count = channels - c < LANES ? channels - c : LANES;
        memset(sums, 0, kernel * kernel * sizeof(vector));
        for (long n = 0; n < images; n++) {
            const float *xs = x + n * height * width * channels + c, *dys = dy + n * outputs * channels + c;
            for (long row = 0; row < height; row++)
                for (long column = 0; column < width; column++)
                    image[(row + padding) * panel_width + column + padding] =
                        read_channels(xs + (row * width + column) * channels, count);
            for (long i = 0; i < outputs; i++) gradient[i] = read_channels(dys + i * channels, count);
            add(image, gradient, sums, out_height, out_width, panel_width);
        }
        for (int lane = 0; lane < count; lane++)
            for (long tap = 0; tap < kernel * kernel; tap++)
                dweight[(c + lane) * kernel * kernel + tap] = sums[tap][lane];
    }
    free(image);
}
