"""Traffic: load profiles, Locust users, the engines that send at their rate, the books of what was sent."""
