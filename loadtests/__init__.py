"""Load generation: profiles, schedules, engines that send, and the recorder of what was sent."""
