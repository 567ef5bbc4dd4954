// A path between two network namespaces with a delay, a rate and losses: two TUN devices, joined.
//
//   delay FILE NAME
//
// makes the device NAME in its own namespace and in that of FILE (/proc/PID/ns/net), says "ready" once both are there, and moves
// packets until its input ends. A line of input sets what each direction does from then on, and "set" is the answer:
//
//   DELAY_US RATE_BYTES LIMIT_BYTES LOSS_PPM SEED
//
// A packet is lost with a probability of LOSS_PPM in a million. With a RATE_BYTES (a second) other than 0 packets leave one after the
// other at that rate, and what does not fit LIMIT_BYTES of queue is dropped, as a router would. Then it takes DELAY_US. Losses come
// from a generator that each setting seeds anew, so that runs meet the same sequence of them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, RING = 1 << 16, BATCH = 64 };

/** Packets on their way in one direction, oldest first. */
struct way {
  int from, to;
  uint32_t head, tail;
  uint64_t free_at; // when the last packet will have left the bottleneck
  uint64_t random;  // state of the generator
  struct packet { uint64_t due; uint32_t length; unsigned char bytes[PACKET_MAX]; } *ring;
};

static uint64_t delay_ns, rate, limit_bytes, loss_ppm;

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) { perror(what); exit(1); }

static int open_tun(const char *name) {
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (tun < 0) fail("/dev/net/tun");
  struct ifreq request = {0};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(tun, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
  return tun;
}

/** xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"). */
static int is_lost(struct way *way) {
  if (loss_ppm == 0) return 0;
  way->random ^= way->random >> 12;
  way->random ^= way->random << 25;
  way->random ^= way->random >> 27;
  return ((way->random * 0x2545f4914f6cdd1du) >> 11) % 1000000 < loss_ppm;
}

static void take(struct way *way) {
  static unsigned char dropped[PACKET_MAX];
  for (int count = 0; count < BATCH; count++) {
    int is_full = way->tail - way->head == RING;
    struct packet *packet = &way->ring[way->tail % RING];
    ssize_t length = read(way->from, is_full ? dropped : packet->bytes, PACKET_MAX);
    if (length <= 0) return;
    if (is_full || is_lost(way)) continue;
    uint64_t now = now_ns(), leaves = now;
    if (rate) {
      leaves = (way->free_at > now ? way->free_at : now) + (uint64_t)length * 1000000000u / rate;
      if ((leaves - now) * rate / 1000000000u > limit_bytes) continue;
      way->free_at = leaves;
    }
    packet->due = leaves + delay_ns;
    packet->length = (uint32_t)length;
    way->tail++;
  }
}

/** @return nanoseconds until the next packet is due, or -1 where there is none */
static int64_t give(struct way *way) {
  while (way->head != way->tail) {
    struct packet *packet = &way->ring[way->head % RING];
    int64_t wait = (int64_t)(packet->due - now_ns());
    if (wait > 0) return wait;
    // A receiver whose queue is full drops it, as a network would.
    if (write(way->to, packet->bytes, packet->length) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EIO) fail("write");
    way->head++;
  }
  return -1;
}

/** @return 0 once the input has ended */
static int obey(struct way *ways) {
  char line[256];
  ssize_t length = read(0, line, sizeof line - 1);
  if (length <= 0) return 0;
  line[length] = 0;
  unsigned long long delay_us, rate_bytes, limit, ppm, seed;
  if (sscanf(line, "%llu %llu %llu %llu %llu", &delay_us, &rate_bytes, &limit, &ppm, &seed) != 5) {
    fprintf(stderr, "delay: not a setting: %s", line);
    exit(2);
  }
  delay_ns = delay_us * 1000;
  rate = rate_bytes;
  limit_bytes = limit;
  loss_ppm = ppm;
  for (int at = 0; at < 2; at++) {
    ways[at].free_at = 0;
    // Two directions, two sequences; a state of 0 would stay 0.
    ways[at].random = (seed * 2 + (uint64_t)at + 1) * 0x9e3779b97f4a7c15u;
  }
  printf("set\n");
  fflush(stdout);
  return 1;
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: delay FILE NAME\n"), 2;
  // Timers may otherwise be 50 µs late.
  prctl(PR_SET_TIMERSLACK, 1000);
  // A path is punctual however busy the browsers are. Where that is not allowed it runs as they do.
  setpriority(PRIO_PROCESS, 0, -15);

  int near = open_tun(arguments[2]);
  int other = open(arguments[1], O_RDONLY);
  if (other < 0 || setns(other, CLONE_NEWNET) < 0) fail(arguments[1]);
  int far = open_tun(arguments[2]);
  struct way ways[2] = {{.from = near, .to = far}, {.from = far, .to = near}};
  for (int at = 0; at < 2; at++) {
    ways[at].ring = malloc(sizeof(struct packet) * RING);
    if (ways[at].ring == NULL) fail("malloc");
  }
  printf("ready\n");
  fflush(stdout);

  struct pollfd polls[3] = {{.fd = near, .events = POLLIN}, {.fd = far, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  for (;;) {
    int64_t first = -1;
    for (int at = 0; at < 2; at++) {
      int64_t wait = give(&ways[at]);
      if (wait >= 0 && (first < 0 || wait < first)) first = wait;
    }
    struct timespec timeout = {.tv_sec = first / 1000000000, .tv_nsec = first % 1000000000};
    if (ppoll(polls, 3, first < 0 ? NULL : &timeout, NULL) < 0 && errno != EINTR) fail("ppoll");
    if (polls[2].revents && !obey(ways)) return 0;
    for (int at = 0; at < 2; at++) if (polls[at].revents & POLLIN) take(&ways[at]);
  }
}
