/* The squared error of a 2-16-16-1 ReLU network and its 337 gradients, summed over rows, written by hand twice.
 *
 * Weights are in the order of benchmarks/compiled_programs.py: for each neuron those of its inputs, then its bias. */

enum { INPUTS = 2, HIDDEN = 16, SECOND = HIDDEN * (INPUTS + 1), LAST = SECOND + HIDDEN * (HIDDEN + 1) };

/* As one writes it: one row at a time. */
double network_plain(const double *p, const double *x, const double *y, long rows, double *gradient)
{
    double total = 0.0;
    for (int i = 0; i <= LAST + HIDDEN; i++)
        gradient[i] = 0.0;
    for (long row = 0; row < rows; row++) {
        const double *input = x + INPUTS * row;
        double first[HIDDEN], second[HIDDEN], before[HIDDEN] = {0.0}, output = p[LAST + HIDDEN];
        for (int j = 0; j < HIDDEN; j++) {
            const double *w = p + j * (INPUTS + 1);
            double sum = w[INPUTS];
            for (int k = 0; k < INPUTS; k++)
                sum += w[k] * input[k];
            first[j] = sum > 0.0 ? sum : 0.0;
        }
        for (int j = 0; j < HIDDEN; j++) {
            const double *w = p + SECOND + j * (HIDDEN + 1);
            double sum = w[HIDDEN];
            for (int k = 0; k < HIDDEN; k++)
                sum += w[k] * first[k];
            second[j] = sum > 0.0 ? sum : 0.0;
            output += p[LAST + j] * second[j];
        }
        const double error = output - y[row], slope = 2.0 * error;
        total += error * error;
        gradient[LAST + HIDDEN] += slope;
        for (int j = 0; j < HIDDEN; j++) {
            const double *w = p + SECOND + j * (HIDDEN + 1);
            double *g = gradient + SECOND + j * (HIDDEN + 1);
            gradient[LAST + j] += slope * second[j];
            const double d = second[j] > 0.0 ? slope * p[LAST + j] : 0.0;
            for (int k = 0; k < HIDDEN; k++) {
                g[k] += d * first[k];
                before[k] += d * w[k];
            }
            g[HIDDEN] += d;
        }
        for (int j = 0; j < HIDDEN; j++) {
            double *g = gradient + j * (INPUTS + 1);
            const double d = first[j] > 0.0 ? before[j] : 0.0;
            for (int k = 0; k < INPUTS; k++)
                g[k] += d * input[k];
            g[INPUTS] += d;
        }
    }
    return total;
}

/* For speed: eight rows at a time, in the compiler's vectors; rows are a multiple of eight. */
enum { LANES = 8 };
typedef double Vector __attribute__((vector_size(8 * LANES)));
typedef long Mask __attribute__((vector_size(8 * LANES)));

static inline Vector where(Mask condition, Vector value)
{
    return (Vector)(condition & (Mask)value);
}

static double sum_of(Vector value)
{
    double sum = 0.0;
    for (int lane = 0; lane < LANES; lane++)
        sum += value[lane];
    return sum;
}

double network_in_lanes(const double *p, const double *x, const double *y, long rows, double *gradient)
{
    const Vector zero = {0.0};
    Vector total = zero, g[LAST + HIDDEN + 1];
    for (int i = 0; i <= LAST + HIDDEN; i++)
        g[i] = zero;
    for (long row = 0; row < rows; row += LANES) {
        Vector a, b, target, first[HIDDEN], second[HIDDEN], before[HIDDEN], output = zero + p[LAST + HIDDEN];
        for (int lane = 0; lane < LANES; lane++) {
            a[lane] = x[INPUTS * (row + lane)];
            b[lane] = x[INPUTS * (row + lane) + 1];
            target[lane] = y[row + lane];
        }
        for (int j = 0; j < HIDDEN; j++) {
            const double *w = p + j * (INPUTS + 1);
            const Vector sum = w[2] + w[0] * a + w[1] * b;
            first[j] = where(sum > 0.0, sum);
            before[j] = zero;
        }
        for (int j = 0; j < HIDDEN; j++) {
            const double *w = p + SECOND + j * (HIDDEN + 1);
            Vector sum = zero + w[HIDDEN];
            for (int k = 0; k < HIDDEN; k++)
                sum += w[k] * first[k];
            second[j] = where(sum > 0.0, sum);
            output += p[LAST + j] * second[j];
        }
        const Vector error = output - target, slope = 2.0 * error;
        total += error * error;
        g[LAST + HIDDEN] += slope;
        for (int j = 0; j < HIDDEN; j++) {
            const double *w = p + SECOND + j * (HIDDEN + 1);
            Vector *mine = g + SECOND + j * (HIDDEN + 1);
            g[LAST + j] += slope * second[j];
            const Vector d = where(second[j] > 0.0, slope * p[LAST + j]);
            for (int k = 0; k < HIDDEN; k++) {
                mine[k] += d * first[k];
                before[k] += d * w[k];
            }
            mine[HIDDEN] += d;
        }
        for (int j = 0; j < HIDDEN; j++) {
            const Vector d = where(first[j] > 0.0, before[j]);
            g[j * (INPUTS + 1)] += d * a;
            g[j * (INPUTS + 1) + 1] += d * b;
            g[j * (INPUTS + 1) + 2] += d;
        }
    }
    for (int i = 0; i <= LAST + HIDDEN; i++)
        gradient[i] = sum_of(g[i]);
    return sum_of(total);
}
