/* fault points: a.told a.hit */
