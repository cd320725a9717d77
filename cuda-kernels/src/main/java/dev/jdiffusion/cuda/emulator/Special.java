package dev.jdiffusion.cuda.emulator;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The special registers: numbers that a thread knows from the start. */
enum Special {
  TID_X,
  TID_Y,
  TID_Z,
  NTID_X,
  NTID_Y,
  NTID_Z,
  CTAID_X,
  CTAID_Y,
  CTAID_Z,
  NCTAID_X,
  NCTAID_Y,
  NCTAID_Z,
  LANEID,
  WARPID,
  NWARPID,
  LANEMASK_EQ,
  LANEMASK_LT,
  LANEMASK_LE,
  LANEMASK_GT,
  LANEMASK_GE,
  DYNAMIC_SMEM_SIZE;

  /** The register of a name such as {@code %tid.x}, if it is one. */
  static @Nullable Special named(String name) {
    String wanted = name.startsWith("%") ? name.substring(1) : "";
    for (Special special : values()) {
      if (special.register().equals(wanted)) {
        return special;
      }
    }
    return null;
  }

  private String register() {
    String lower = name().toLowerCase(Locale.ROOT);
    return lower.endsWith("_x") || lower.endsWith("_y") || lower.endsWith("_z")
        ? lower.replace('_', '.')
        : lower;
  }

  int value(Warp warp, int lane) {
    Launch launch = warp.block.launch();
    int thread = warp.number * Lanes.COUNT + lane;
    return switch (this) {
      case TID_X -> thread % launch.blockX();
      case TID_Y -> thread / launch.blockX() % launch.blockY();
      case TID_Z -> thread / launch.blockX() / launch.blockY();
      case NTID_X -> launch.blockX();
      case NTID_Y -> launch.blockY();
      case NTID_Z -> launch.blockZ();
      case CTAID_X -> launch.x(warp.block.index());
      case CTAID_Y -> launch.y(warp.block.index());
      case CTAID_Z -> launch.z(warp.block.index());
      case NCTAID_X -> launch.gridX();
      case NCTAID_Y -> launch.gridY();
      case NCTAID_Z -> launch.gridZ();
      case LANEID -> lane;
      case WARPID -> warp.number;
      case NWARPID -> launch.warps();
      case LANEMASK_EQ -> 1 << lane;
      case LANEMASK_LT -> (1 << lane) - 1;
      case LANEMASK_LE -> (1 << lane) - 1 | 1 << lane;
      case LANEMASK_GT -> ~((1 << lane) - 1 | 1 << lane);
      case LANEMASK_GE -> ~((1 << lane) - 1);
      case DYNAMIC_SMEM_SIZE -> launch.sharedBytes();
    };
  }
}
